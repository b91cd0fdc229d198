import Glibc
import HoistwayModel
import Synchronization
import Testing

@testable import Supervision

/// A data folder of its own with a supervisor, and recipes written on the spot.
final class Fixture: Sendable {
    let data: String
    let supervisor: Supervisor
    let cgroups: CgroupPolicy
    private let recipes = Mutex(0)
    private let fences = Mutex<[Int64]>([])

    init(cgroups: CgroupPolicy, data: String) throws {
        self.data = data
        self.cgroups = cgroups
        supervisor = try Supervisor(data: data, workerID: "worker-1", monitor: Fixture.monitor, cgroups: cgroups)
    }

    /// `hoistway-monitor` beside this test program.
    static let monitor: String = {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &bytes, bytes.count - 1)
        let path = String(decoding: bytes[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (Files.parent(of: path) ?? "") + "/hoistway-monitor"
    }()

    /// Writes an executable shell script with these lines.
    func recipe(_ script: String) throws -> String {
        let number = recipes.withLock { count in
            count += 1
            return count
        }
        try Files.makeFolders("\(data)/recipes", mode: 0o755)
        let path = "\(data)/recipes/recipe-\(number)"
        // Written and closed by another process: a fork elsewhere in this one would hold it open ("Text file busy").
        try Files.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "\(path).new", mode: 0o755)
        try #require(runProgram("/bin/cp", "\(path).new", path) == 0)
        return path
    }

    func launch(_ script: String, _ change: (inout Launch) -> Void = { _ in }) throws -> Launch {
        try launch(executable: recipe(script), change)
    }

    func launch(executable: String, _ change: (inout Launch) -> Void = { _ in }) -> Launch {
        let jobID = Identifier.ulid()
        let fence = Int64.random(in: 1 << 40...Int64.max)
        var launch = Launch(
            jobID: jobID,
            attempt: 1,
            fence: fence,
            record: ["type": "test"],
            executable: executable,
            environment: [
                ("PATH", "/usr/bin:/bin"), ("HOISTWAY_JOB_ID", jobID), ("HOISTWAY_FENCE", String(fence)),
            ],
            payload: Array("{}".utf8),
            killGrace: .seconds(10),
            workspace: "\(data)/workspaces/\(jobID)"
        )
        change(&launch)
        fences.withLock { $0.append(fence) }
        return launch
    }

    /// Ends what a failed test left running, and removes all files.
    func cleanUp() {
        supervisor.close()
        for fence in fences.withLock({ $0 }) {
            for pid in processes(fence: fence) { kill(pid_t(pid), SIGKILL) }
        }
        Files.removeTree(data)
    }

    /// Runs a script to its end.
    func run(_ script: String, _ change: (inout Launch) -> Void = { _ in }) async throws -> Story {
        try await Story(of: supervisor.launch(launch(script, change)))
    }

    /// Starts a script and waits until its log says `ready`.
    func startReady(_ script: String, _ change: (inout Launch) -> Void = { _ in }) async throws -> Attempt {
        let attempt = try await supervisor.start(launch(script, change))
        try await until("the recipe is ready") { try attempt.text.contains("ready") }
        return attempt
    }
}

/// Gives `body` a fixture and cleans up behind it.
func withFixture(
    _ cgroups: CgroupPolicy = .automatic,
    data: String? = nil,
    _ body: (Fixture) async throws -> Void
) async throws {
    var template = Array("/tmp/hoistway-supervision-XXXXXX".utf8CString)
    let folder = try data ?? String(cString: #require(mkdtemp(&template)))
    let fixture = try Fixture(cgroups: cgroups, data: folder)
    defer { fixture.cleanUp() }
    try await body(fixture)
}

/// Waits until a condition holds.
func until(
    _ what: String,
    within limit: Duration = .seconds(20),
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while !(try await condition()) {
        try #require(ContinuousClock.now < deadline, "waited in vain until \(what)")
        try await Task.sleep(for: .milliseconds(5))
    }
}

extension Attempt {
    /// The log's lines without their times, as one text.
    var text: String {
        get throws {
            let bytes = try info.log.read(offset: 0, limit: 1 << 20).bytes
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// The whole course of an attempt.
struct Story {
    var info: AttemptInfo
    var started: StartedRecord?
    var lines: [JSON] = []
    var logBytes = 0
    var receipts: [JSON] = []
    var exit: ExitRecord?
    var lost: LostRecord?

    /// Follows an attempt to its end.
    init(of attempt: Attempt) async throws {
        info = attempt.info
        for await event in attempt.events {
            switch event {
            case .started(let record): started = record
            case .logGrew(let bytes): logBytes = bytes
            case .events(let new, _): lines += new
            case .kill(let receipt): receipts.append(receipt)
            case .ended(let record): exit = record
            case .lost(let record): lost = record
            }
        }
    }

    var log: String {
        get throws { String(decoding: try info.log.read(offset: 0, limit: 1 << 24).bytes, as: UTF8.self) }
    }

    /// Level and text of each line of the log.
    var logLines: [String] {
        get throws { try log.split(separator: "\n").map { String($0.drop { $0 != " " }.dropFirst()) } }
    }
}
