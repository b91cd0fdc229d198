import CLinux
import Glibc
import HoistwayModel
import Synchronization

/// Starts attempts, takes over those that live, and settles those that ended: all attempts of one data folder.
package final class Supervisor: Sendable {
    /// How many folders are settled or removed at the same time, and how many dead attempts cleared up.
    private static let poolWidth = 8

    let data: String
    let launcher: Launcher
    let cgroups: CgroupRoot?
    let pool = BlockingPool(width: Supervisor.poolWidth)
    /// Apart from the other, for cleanup commands take their time.
    let clearingPool = BlockingPool(width: Supervisor.poolWidth)
    private let poller: Poller
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var lock: WorkerLock?
        /// By folder.
        var attempts: [String: Attempt] = [:]
        var letsUsersPass = false
    }

    /// Takes the data folder.
    ///
    /// - Parameters:
    ///   - data: Absolute path; made when missing.
    ///   - workerID: Named to a second worker that tries the same folder.
    ///   - monitor: Absolute path of `hoistway-monitor`.
    /// - Throws: `SupervisionError.inUse` while another worker holds the folder.
    package init(
        data: String,
        workerID: String,
        monitor: String,
        cgroups: CgroupPolicy = .automatic
    ) throws(SupervisionError) {
        hw_disable_core_files()
        guard data.hasPrefix("/") else { throw .invalid("\(data) is no absolute path") }
        var data = data
        while data.hasSuffix("/") { data.removeLast() }
        try Files.makeFolders("\(data)/jobs")
        let lock = try WorkerLock(data: data, workerID: workerID)
        poller = try Poller()
        state = Mutex(State(lock: lock))
        self.data = data
        self.cgroups = cgroups == .automatic ? CgroupRoot() : nil
        launcher = Launcher(path: monitor)
    }

    deinit { close() }

    /// Whether attempts get a cgroup.
    package var usesCgroups: Bool { cgroups != nil }

    /// Prepares cgroups for limits.
    /// - Returns: those of the limits that cgroups will keep; the others are kept process by process.
    package func enable(_ limits: ResourceLimits) -> [String] { cgroups?.enable(limits.controllers) ?? [] }

    /// Lets go of everything: attempts go on, their streams end, another worker may take the folder.
    package func close() {
        let attempts = state.withLock { state -> [Attempt]? in
            guard state.lock != nil else { return nil }
            state.lock = nil
            defer { state.attempts = [:] }
            return Array(state.attempts.values)
        }
        guard let attempts else { return }
        launcher.release()
        poller.stop {
            for attempt in attempts { attempt.abandon() }
        }
    }

    var isClosed: Bool { state.withLock { $0.lock == nil } }

    /// The attempts that are watched.
    package var attempts: [Attempt] { state.withLock { Array($0.attempts.values) } }

    /// Starts an attempt and waits until its recipe runs.
    /// - Throws: What `launch(_:)` throws, and `SupervisionError.spawn` when the recipe could not be started.
    package func start(_ launch: Launch) async throws(SupervisionError) -> Attempt {
        let attempt = try self.launch(launch)
        try await attempt.waitUntilStarted()
        return attempt
    }

    /// Asks for an attempt and returns at once; how it goes is told by its events.
    /// - Throws: `SupervisionError.invalid` for an id or path that is none, `.infrastructure` when the folder cannot be
    ///   made or no launcher runs. The folder, if it came to that, is gone again.
    package func launch(_ launch: Launch) throws(SupervisionError) -> Attempt {
        try launch.validate()
        if launch.user != nil { try letUsersPass() }
        let folder = AttemptPreparation.folder(data: data, jobID: launch.jobID, attempt: launch.attempt)
        let cgroup = cgroups?.path(jobID: launch.jobID, attempt: launch.attempt)
        let preparation = AttemptPreparation(launch, folder: folder, cgroup: cgroup)
        // Registered before the folder is there, so that no scan takes it for one that was left behind.
        guard let attempt = register(preparation.file.info) else {
            throw .infrastructure("\(folder) is watched already, or the supervisor was closed")
        }
        do throws(SupervisionError) {
            // A settled attempt of the same number is from before Redis lost its data.
            if Files.exists("\(folder)/\(AttemptFile.settledName)") { Files.removeTree(folder) }
            try preparation.make()
        } catch {
            forget(attempt)
            throw error
        }
        do throws(SupervisionError) {
            watch(attempt, over: try launcher.connection(for: preparation.specification))
        } catch {
            preparation.discard()
            forget(attempt)
            throw error
        }
        return attempt
    }

    /// Reads the connection of a monitor until the attempt ended.
    func watch(_ attempt: Attempt, over connection: Int32) {
        attempt.connect(connection) { [weak self] ended in
            guard let self else { return }
            if ended {
                tidy(attempt)
            } else {
                pool.run { [self] in settle(attempt) }
            }
        }
    }

    /// Takes an attempt into the watched ones; `nil` when it is one already or the supervisor was closed.
    func register(_ info: AttemptInfo) -> Attempt? {
        state.withLock { state in
            guard state.lock != nil, state.attempts[info.folder] == nil else { return nil }
            let attempt = Attempt(info: info, poller: poller)
            state.attempts[info.folder] = attempt
            return attempt
        }
    }

    func fence(watchedIn folder: String) -> Int64? { state.withLock { $0.attempts[folder]?.fence } }

    func isWatched(_ folder: String) -> Bool { state.withLock { $0.attempts[folder] != nil } }

    func forget(_ attempt: Attempt) {
        state.withLock { _ = $0.attempts.removeValue(forKey: attempt.folder) }
    }

    /// Removes what an ended attempt needs no more; its records and log stay.
    ///
    /// Empty folders stay too: ext4 looks for a new inode past each one that was freed in the last minutes, so that
    /// removing them with every attempt makes every later file slower, by a factor of ten after some thousand attempts.
    func tidy(_ attempt: Attempt) {
        forget(attempt)
        tidy(attempt.folder)
    }

    func tidy(_ folder: String) {
        for path in ["\(folder)/work", "\(folder)/tmp"] where !Files.isEmptyFolder(path) {
            pool.run { Files.removeTree(path) }
        }
    }

    private func letUsersPass() throws(SupervisionError) {
        if state.withLock({ $0.letsUsersPass }) { return }
        for path in [data, "\(data)/jobs"] {
            var status = stat()
            guard stat(path, &status) == 0, chmod(path, status.st_mode & 0o7777 | 0o011) == 0 else {
                throw .infrastructure("\(path): \(Files.reason())")
            }
        }
        state.withLock { $0.letsUsersPass = true }
    }
}

extension Launcher {
    /// Asks for a monitor and hands back our end of the connection to it.
    /// - Throws: `SupervisionError.infrastructure`.
    func connection(for specification: Specification) throws(SupervisionError) -> Int32 {
        var ours: Int32 = -1
        var theirs: Int32 = -1
        let failure = hw_socket_pair(0, &ours, &theirs)
        guard failure == 0 else { throw .infrastructure("no socket for a monitor: \(Files.reason(-failure))") }
        defer { Glibc.close(theirs) }
        do throws(SupervisionError) {
            let memory = hw_memory_file(specification.bytes, specification.bytes.count)
            guard memory >= 0 else {
                throw SupervisionError.infrastructure("no memory file for a monitor: \(Files.reason(-memory))")
            }
            defer { Glibc.close(memory) }
            try request(connection: theirs, specification: memory)
        } catch {
            Glibc.close(ours)
            throw error
        }
        return ours
    }
}
