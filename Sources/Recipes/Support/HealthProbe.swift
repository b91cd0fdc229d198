/// Repeats a probe until it succeeds, or has failed too often.
struct HealthProbe: Sendable {
    let check: HealthCheck
    let context: RecipeContext
    /// Address that stands in for `{container}`.
    var containerAddress: String?
    /// Variables for a probe that is a command.
    var variables: [String: String] = [:]

    /// - Parameter isAlive: Asked after each failed probe; `false` ends the wait at once.
    /// - Throws: `unhealthy` when the limit is reached, `command_not_found` for a probe that cannot run.
    func waitUntilHealthy(isAlive: () async throws(RecipeFailure) -> Bool) async throws(RecipeFailure) {
        let clock = ContinuousClock()
        let start = clock.now
        var failures = 0
        while true {
            guard let problem = try await once() else { return }
            if clock.now - start >= check.startPeriod { failures += 1 }
            context.log.info("health probe failed (\(failures) of \(check.retries)): \(problem)")
            guard try await isAlive() else { throw HealthProbe.unhealthy("it ended by itself; last probe: \(problem)") }
            if failures >= check.retries { throw HealthProbe.unhealthy(problem) }
            try? await Task.sleep(for: check.interval)
        }
    }

    static func unhealthy(_ problem: String) -> RecipeFailure {
        RecipeFailure(code: "unhealthy", message: "the release is not healthy: \(problem)")
    }

    /// One probe: `nil` when it succeeded, else what was wrong.
    func once() async throws(RecipeFailure) -> String? {
        switch check.probe {
        case .http(let url):
            await HTTPProbe.get(addressed(url), timeout: check.timeout, environment: context.environment)
        case .tcp(let host, let port): await TCPProbe.connect(addressed(host), port: port, timeout: check.timeout)
        case .command(let words): try await run(words)
        }
    }

    private func addressed(_ text: String) -> String {
        text.replacing(HealthCheck.containerPlaceholder, with: containerAddress ?? "127.0.0.1")
    }

    private func run(_ words: [String]) async throws(RecipeFailure) -> String? {
        let command = context.command(words, changing: variables.mapValues { $0 })
        let log = context.log
        let result = await withTaskGroup(of: Result<Int32?, RecipeFailure>.self) { group in
            group.addTask {
                do throws(RecipeFailure) {
                    return .success(try await command.run(log: log))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: check.timeout)
                return .success(nil)
            }
            let first = await group.next() ?? .success(nil)
            group.cancelAll()
            return first
        }
        switch try result.get() {
        case nil: return "\(words[0]) did not end within \(check.timeout)"
        case 0: return nil
        case .some(let status): return "\(words[0]) exited with \(status)"
        }
    }
}
