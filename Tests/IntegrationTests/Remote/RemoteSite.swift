import Glibc
import HoistwayModel
import TestSupport

/// A site whose worker knows a server.
struct RemoteSite: Sendable {
    let site: Site
    let server: SSHServer

    /// Runs a body with an sshd that listens.
    static func with(
        path: String? = nil,
        _ body: (RemoteSite) async throws -> Void
    ) async throws {
        try await Site.with { site in
            let server = try await SSHServer(path: path)
            let daemon = try await server.start()
            do {
                try await body(RemoteSite(site: site, server: server))
            } catch {
                print(Site.text(server.log) ?? "")
                try? await daemon.end()
                throw error
            }
            try await daemon.end()
        }
    }

    /// Starts a worker that knows the server as `far`.
    func worker(_ options: [String] = [], entries: String? = nil, more: String = "") async throws -> RunningProgram {
        let text = "servers:\n\(entries ?? server.entry("far"))\(more)\n"
        return try await site.worker(["--config", try site.write(text, to: "hoistway.yaml")] + options)
    }

    func push(_ type: String, _ id: String, _ members: String = "") async throws {
        let rest = members.isEmpty ? "" : ",\(members)"
        try await site.push(type, #"{"id":"\#(id)","resourceId":"\#(id)","serverId":"far"\#(rest)}"#)
    }

    func run(_ type: String, _ id: String, _ members: String = "") async throws -> [String: String] {
        try await push(type, id, members)
        return try await site.ended(id)
    }

    /// Waits until nothing of an attempt is left on the server.
    func untilGone(_ id: String, timeout: Duration = .seconds(30)) async throws {
        try await eventually("the far side of \(id) to be gone", timeout: timeout) {
            self.server.processes(of: id).isEmpty && self.server.attempts.isEmpty
        }
    }

    /// A line of shell that sends an event.
    static func event(_ json: String) -> String {
        "printf '::hoistway:%s::%s\\n' \"${HOISTWAY_EVENTS#stdout:}\" '\(json)'"
    }
}
