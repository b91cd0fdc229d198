import Glibc
import HoistwayModel
import RESP
import RedisClient
import TestSupport
import Testing

/// What a user sees who reads the keys of the contract, and nothing else.
extension Site {
    @discardableResult
    func send(_ command: [RedisArgument]) async throws -> RESPValue {
        try await client.send(command)
    }

    /// Pushes many documents in one command.
    func push(_ type: String, all documents: [String]) async throws {
        try await send(["RPUSH", "\(prefix):inbox:\(type)"] + documents.map { .string($0) })
    }

    /// The hash of a job, empty when there is none.
    func job(_ id: String) async throws -> [String: String] {
        try await hash("job:\(id)")
    }

    func hash(_ key: String) async throws -> [String: String] {
        let values = try await send(["HGETALL", "\(prefix):\(key)"]).array?.compactMap(\.string) ?? []
        return Dictionary(
            uniqueKeysWithValues: stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
        )
    }

    func list(_ key: String) async throws -> [String] {
        try await send(["LRANGE", "\(prefix):\(key)", 0, -1]).array?.compactMap(\.string) ?? []
    }

    /// The transitions of a job.
    func transitions(_ id: String) async throws -> [JSON] {
        try await list("job:\(id):history").map { try JSON(parsing: $0) }
    }

    /// A field of a job that holds JSON.
    func document(_ id: String, _ field: String) async throws -> JSON {
        try JSON(parsing: try #require(try await self.field(id, field), "\(id) has no \(field)"))
    }

    /// The ids of a type's queue of the usual priority.
    func queue(_ type: String) async throws -> [String] {
        try await list("queue:\(type)")
    }

    /// Waits for the answer in a list that `replyTo` named.
    func answer(in list: String, timeout: Duration = .seconds(10)) async throws -> JSON {
        var answer: String?
        try await eventually("an answer in \(list)", timeout: timeout) {
            answer = try await self.send(["LPOP", .string(list)]).string
            return answer != nil
        }
        return try JSON(parsing: try #require(answer))
    }

    /// A list for answers that no other test reads.
    var answers: String { "\(prefix)-answers" }

    /// Carries out a command by the control list.
    /// - Parameter members: the command's members, without braces.
    func order(_ members: String) async throws -> JSON {
        let list = "\(prefix)-answers-\(UInt32.random(in: 0...UInt32.max))"
        try await control(#"{\#(members),"replyTo":"\#(list)"}"#)
        return try await answer(in: list)
    }

    /// Waits until a job has ended.
    /// - Returns: its hash.
    func ended(_ id: String, timeout: Duration = .seconds(60)) async throws -> [String: String] {
        var fields: [String: String] = [:]
        do {
            try await eventually("the end of \(id)", timeout: timeout) {
                fields = try await self.job(id)
                return fields["completedAt"] != nil
            }
        } catch {
            throw TimedOut(description: "\(error): \(fields)")
        }
        return fields
    }

    /// Pushes a document, waits for the job's end and answers its hash.
    func run(_ type: String, _ id: String, _ members: String = "") async throws -> [String: String] {
        try await push(type, #"{"id":"\#(id)","resourceId":"\#(id)"\#(members.isEmpty ? "" : ",")\#(members)}"#)
        return try await ended(id)
    }

    /// The text of a job's log.
    func log(_ id: String) async throws -> String {
        let path = try #require(try await field(id, "logPath"))
        return try #require(Site.text(path))
    }

    /// Makes an empty file, for recipes that wait for it.
    func touch(_ name: String) {
        close(open("\(directory.path)/\(name)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o666))
    }

    /// A line of shell that waits until ``touch(_:)`` made a file.
    func awaiting(_ name: String) -> String {
        "while [ ! -e \(directory.path)/\(name) ]; do sleep 0.05; done"
    }

    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        let path = "\(directory.path)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw SystemError("open \(path)", errno) }
        defer { close(file) }
        Glibc.write(file, text, text.utf8.count)
        return path
    }

    /// Every key of this site with everything in it, as one text.
    func everything() async throws -> String {
        var text = ""
        for key in try await send(["KEYS", "*"]).array?.compactMap(\.string) ?? [] {
            let name: RedisArgument = .string(key)
            let value: RESPValue =
                switch try await send(["TYPE", name]).string {
                case "hash": try await send(["HGETALL", name])
                case "list": try await send(["LRANGE", name, 0, -1])
                case "set": try await send(["SMEMBERS", name])
                case "zset": try await send(["ZRANGE", name, 0, -1])
                case "stream": try await send(["XRANGE", name, "-", "+"])
                default: try await send(["GET", name])
                }
            text += "\(key) \(Site.flat(value))\n"
        }
        return text
    }

    private static func flat(_ value: RESPValue) -> String {
        value.array?.map(flat).joined(separator: " ") ?? value.string ?? ""
    }
}

/// Whether a process runs and is no zombie.
func isAlive(_ pid: pid_t) -> Bool {
    guard let stat = Site.text("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return false }
    return stat[end...].dropFirst(2).first != "Z"
}
