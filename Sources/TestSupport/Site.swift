import Glibc
import RESP
import RedisClient

/// A place to try the whole product: a Redis, a data folder, recipes, workers.
package final class Site: Sendable {
    package let redis: RedisServer
    package let client: RedisClient
    package let directory: TemporaryDirectory
    package let prefix: String
    /// What workers and commands are told of where Redis is.
    package let url: String

    package var data: String { "\(directory.path)/data" }
    package var recipes: String { "\(directory.path)/recipes" }

    /// - Parameters:
    ///   - url: where Redis is for workers and commands; the server's socket unless given.
    ///   - reading: where it is for the test itself, the same unless given.
    package init(
        redis: RedisServer,
        prefix: String = randomPrefix(),
        url: String? = nil,
        reading: String? = nil
    ) async throws {
        self.redis = redis
        self.prefix = prefix
        self.url = url ?? "unix://\(redis.socketPath)"
        directory = try TemporaryDirectory()
        client = RedisClient(
            url: try (reading ?? url).map { try RedisURL($0) } ?? redis.url,
            name: "test",
            scripts: [],
            keys: ["\(prefix):meta", "\(prefix):events", "\(prefix):workers"],
            commandTimeout: .seconds(60),
            logger: .silent
        )
        try await client.connect()
        mkdir("\(directory.path)/recipes", 0o755)
    }

    /// Runs a body in a site of its own, and shows what the workers printed when it fails.
    package static func with(
        prefix: String = randomPrefix(),
        _ body: (Site) async throws -> Void
    ) async throws {
        try await with(try await Site(redis: RedisServer.required(), prefix: prefix), body)
    }

    /// Runs a body in a site, and shows what the workers printed when it fails.
    package static func with(_ site: Site, _ body: (Site) async throws -> Void) async throws {
        do {
            try await body(site)
        } catch {
            print(site.printed)
            await site.client.close()
            throw error
        }
        await site.client.close()
    }

    /// Writes a recipe: a shell script unless the text begins with `#!`.
    package func recipe(_ type: String, _ text: String) throws {
        let path = "\(recipes)/\(type)"
        let content = text.hasPrefix("#!") ? text : "#!/bin/sh\n\(text)\n"
        let file = open("\(path).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
        guard file >= 0 else { throw SystemError("open \(path)", errno) }
        write(file, content, content.utf8.count)
        close(file)
        rename("\(path).new", path)
    }

    /// Starts a worker and waits until Redis knows that it runs.
    /// - Parameter redis: where it finds Redis, when not where everybody does.
    package func worker(
        _ options: [String] = [],
        data: String? = nil,
        redis: String? = nil,
        environment: [String: String] = [:],
        wrapper: [String] = [],
        awaitsReadiness: Bool = true
    ) async throws -> RunningProgram {
        let data = data ?? self.data
        let arguments = ["worker", "--redis", redis ?? url, "--prefix", prefix, "--data", data, "--recipes", recipes]
        let program = try await Program.start(
            arguments + options,
            environment: environment,
            wrapper: wrapper,
            log: "\(directory.path)/workers.log"
        )
        guard awaitsReadiness else { return program }
        try await eventually("the worker to be ready", timeout: .seconds(60)) {
            guard let id = Site.text("\(data)/worker-id") else { return false }
            let fields = try await self.client.send(["HMGET", "\(self.prefix):worker:\(id)", "pid", "state"]).array
            return fields?[0].string == String(program.pid) && fields?[1].string == "running"
        }
        return program
    }

    /// Runs a command of the command line against this site.
    package func hoistway(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Result {
        try await Program.run(arguments + ["--redis", url, "--prefix", prefix], environment: environment)
    }

    /// Pushes a document into an inbox.
    package func push(_ type: String, _ document: String) async throws {
        _ = try await client.send(["RPUSH", "\(prefix):inbox:\(type)", .string(document)])
    }

    package func control(_ document: String) async throws {
        _ = try await client.send(["RPUSH", "\(prefix):control", .string(document)])
    }

    /// The value of a field of a job.
    package func field(_ id: String, _ name: String) async throws -> String? {
        try await client.send(["HGET", "\(prefix):job:\(id)", .string(name)]).string
    }

    /// Lets the time of the copy of an ended job's log be over, and waits until the copy is gone.
    package func dropLogCopy(of id: String) async throws {
        try await eventually("the copy of the log of \(id) to go") {
            let due: [RedisArgument] = ["ZADD", "\(self.prefix):logs:ended", "XX", 1, .string(id)]
            _ = try await self.client.send(due)
            return try await self.client.send(["EXISTS", "\(self.prefix):job:\(id):log"]).int == 0
        }
    }

    /// Waits for the status of a job.
    package func wait(for id: String, _ status: String, timeout: Duration = .seconds(60)) async throws {
        do {
            try await eventually("\(id) to be \(status)", timeout: timeout) {
                try await self.field(id, "status") == status
            }
        } catch {
            let fields = try await client.send(["HGETALL", "\(prefix):job:\(id)"]).array?.compactMap(\.string) ?? []
            throw TimedOut(description: "\(error): \(fields.joined(separator: " "))")
        }
    }

    /// Living processes of a job of this site.
    package func processes(of id: String) -> [pid_t] {
        TestSupport.processes(with: "HOISTWAY_PAYLOAD", beginning: "\(data)/jobs/\(id)/")
    }

    /// The history's events of a job.
    package func history(_ id: String) async throws -> [String] {
        let entries = try await client.send(["LRANGE", "\(prefix):job:\(id):history", 0, -1]).array ?? []
        return entries.compactMap(\.string).compactMap { entry in
            let parts = entry.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
            return parts.firstIndex(of: "event").map { parts[$0 + 2] }
        }
    }

    /// The lines of a text file in the site's folder, none when it is not there.
    package func lines(_ name: String) -> [String] {
        Site.text("\(directory.path)/\(name)")?.split(separator: "\n").map(String.init) ?? []
    }

    /// What the workers printed.
    package var printed: String { Site.text("\(directory.path)/workers.log") ?? "" }

    /// The text of a file without the line break at its end.
    package static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}
