import RESP

/// What came back for the commands of one request.
package struct RedisReplies: Sendable {
    /// The replies that arrived, in the order of the commands.
    package var values: [RESPValue]
    /// Why there are fewer replies than commands; nil when there are not.
    package var failure: RedisError?
    /// Whether they came from the one address that Redis has.
    var isDirect = true

    static func failed(_ error: RedisError) -> RedisReplies {
        RedisReplies(values: [], failure: error)
    }
}

/// Something that carries out commands.
package protocol RedisCommands: Sendable {
    /// Sends commands in one go and waits for their replies.
    /// - Parameters:
    ///   - timeout: how long to wait for the last reply; nil for the usual time.
    func execute(_ commands: [[RedisArgument]], timeout: Duration?) async -> RedisReplies
}

extension RedisCommands {
    /// Sends one command.
    /// - Throws: ``RedisError``; an error that Redis answered is thrown as `server`.
    package func send(
        _ arguments: [RedisArgument],
        timeout: Duration? = nil
    ) async throws(RedisError) -> RESPValue {
        try await results(of: [arguments], timeout: timeout)[0].get()
    }

    /// Asks for an answer. A server that still loads its data answers the error `LOADING`.
    package func ping() async throws(RedisError) {
        _ = try await send(["PING"])
    }

    /// What a section of `INFO` says, by name.
    package func information(_ section: String) async throws(RedisError) -> [String: String] {
        let text = try await send(["INFO", .string(section)]).string ?? ""
        let pairs = text.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        return Dictionary(pairs) { $1 }
    }

    /// Sends commands in one go. Other commands may run in between; it is not a transaction.
    /// - Returns: a result for each command. After a broken connection the replies that did arrive are still there.
    /// - Throws: ``RedisError`` when nothing was carried out or nothing is known of any command.
    package func pipeline(
        _ commands: [[RedisArgument]]
    ) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        try await results(of: commands, timeout: nil)
    }

    /// Runs a script by its digest, and by its source when Redis does not know it (any more).
    package func run(
        _ script: RedisScript,
        keys: [RedisArgument],
        arguments: [RedisArgument]
    ) async throws(RedisError) -> RESPValue {
        do {
            return try await send(script.evalsha(keys, arguments))
        } catch {
            guard error.isNoScript else { throw error }
            return try await send(["EVAL", .string(script.source)] + script.operands(keys, arguments))
        }
    }

    /// Runs a script, and waits until a replica has what it changed, or what an earlier run had changed.
    /// - Parameter mark: a hash with a field to write.
    /// - Returns: what the script answered, and whether a replica confirmed within the time given.
    package func run(
        _ script: RedisScript,
        keys: [RedisArgument],
        arguments: [RedisArgument],
        mark: RedisArgument,
        replicatedWithin limit: Duration
    ) async throws(RedisError) -> (reply: RESPValue, isReplicated: Bool) {
        let rest = confirmation(mark, limit)
        // All on one connection: after a failover another server would answer for what this one was given.
        func attempt(_ command: [RedisArgument]) async throws(RedisError) -> (reply: RESPValue, isReplicated: Bool) {
            let replies = try await results(of: [command] + rest, timeout: limit + .seconds(5))
            return (try replies[0].get(), try isConfirmed(replies[1...]))
        }
        do {
            return try await attempt(script.evalsha(keys, arguments))
        } catch {
            guard error.isNoScript else { throw error }
            return try await attempt(["EVAL", .string(script.source)] + script.operands(keys, arguments))
        }
    }

    /// Waits until a replica has everything that was written so far.
    /// - Parameter mark: a hash with a field to write.
    /// - Returns: whether one confirmed within the time given.
    package func isReplicated(mark: RedisArgument, within limit: Duration) async throws(RedisError) -> Bool {
        let replies = try await results(of: confirmation(mark, limit), timeout: limit + .seconds(5))
        return try isConfirmed(replies[...])
    }

    /// WAIT heeds what its own connection has written, which may be nothing: hence a write before it.
    private func confirmation(_ mark: RedisArgument, _ limit: Duration) -> [[RedisArgument]] {
        [["HSET", mark, "replicated", 1], ["WAIT", 1, .int(limit.milliseconds)]]
    }

    private func isConfirmed(_ replies: ArraySlice<Result<RESPValue, RedisError>>) throws(RedisError) -> Bool {
        var last = RESPValue.null
        for reply in replies { last = try reply.get() }
        return (last.int ?? 0) > 0
    }

    /// Runs a script once for each element, in one go. What Redis refused for not knowing the script is run again, in order.
    package func run(
        _ script: RedisScript,
        batch: [(keys: [RedisArgument], arguments: [RedisArgument])]
    ) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        let commands = batch.map { script.evalsha($0.keys, $0.arguments) }
        var results = try await pipeline(commands)
        let refused = results.indices.filter { index in
            if case .failure(let error) = results[index] { error.isNoScript } else { false }
        }
        guard !refused.isEmpty else { return results }
        let load: [RedisArgument] = ["SCRIPT", "LOAD", .string(script.source)]
        do {
            let again = try await pipeline([load] + refused.map { commands[$0] })
            for (index, result) in zip(refused, again.dropFirst()) {
                results[index] = result
            }
        } catch {
            for index in refused {
                results[index] = .failure(error)
            }
        }
        return results
    }

    private func results(
        of commands: [[RedisArgument]],
        timeout: Duration?
    ) async throws(RedisError) -> [Result<RESPValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        let replies = await execute(commands, timeout: timeout)
        if replies.values.isEmpty, let failure = replies.failure { throw failure }
        var results = replies.values.map { value -> Result<RESPValue, RedisError> in
            if case .error(let message) = value {
                .failure(.server(message, isDirect: replies.isDirect))
            } else {
                .success(value)
            }
        }
        if let failure = replies.failure {
            results += repeatElement(.failure(failure), count: commands.count - results.count)
        }
        return results
    }
}

extension RedisScript {
    fileprivate func evalsha(_ keys: [RedisArgument], _ arguments: [RedisArgument]) -> [RedisArgument] {
        ["EVALSHA", .string(sha1)] + operands(keys, arguments)
    }

    fileprivate func operands(_ keys: [RedisArgument], _ arguments: [RedisArgument]) -> [RedisArgument] {
        [.int(keys.count)] + keys + arguments
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}

extension RedisError {
    fileprivate var isNoScript: Bool {
        serverCode == "NOSCRIPT"
    }
}
