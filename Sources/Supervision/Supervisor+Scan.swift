import Glibc
import HoistwayModel

/// An attempt that a former worker left in the data folder.
package enum FoundAttempt: Sendable {
    /// It lives, or is just ending: its events tell all that has happened so far, then what comes.
    case alive(Attempt)
    case ended(AttemptInfo, ExitRecord)
    /// Nothing of it ever ran, nor will it.
    case neverStarted(AttemptInfo)
    /// Its monitor died; what it left running is ended, its cleanup commands have run.
    case lost(AttemptInfo, LostRecord)
}

extension Supervisor {
    /// Finds every attempt on disk that is neither watched already nor marked by `settled(_:)`.
    ///
    /// Each is told as soon as it is settled; only one whose monitor died may take long, by its cleanup commands. The
    /// sequence ends when all are told.
    package func scan() -> AsyncStream<FoundAttempt> {
        let (stream, continuation) = AsyncStream<FoundAttempt>.makeStream()
        let told = Countdown { continuation.finish() }
        pool.run { [self] in
            for jobID in Files.entries(of: "\(data)/jobs") where Identifier.isJobID(jobID) {
                for name in Files.entries(of: "\(data)/jobs/\(jobID)") {
                    guard let number = Int(name), number > 0, String(number) == name else { continue }
                    let folder = AttemptPreparation.folder(data: data, jobID: jobID, attempt: number)
                    guard !Files.exists("\(folder)/\(AttemptFile.settledName)") else { continue }
                    told.add()
                    pool.run { [self] in
                        find(folder, jobID: jobID, attempt: number) { found in
                            if let found { continuation.yield(found) }
                            told.done()
                        }
                    }
                }
            }
            told.done()
        }
        return stream
    }

    /// Says that the result of an attempt is kept elsewhere: `scan()` passes it over from now on.
    package func settled(_ info: AttemptInfo) {
        // The folder may be that of a newer attempt by now, which has the number of one that never started.
        if let fence = fence(watchedIn: info.folder), fence != info.fence { return }
        rename("\(info.folder)/\(AttemptFile.name)", "\(info.folder)/\(AttemptFile.settledName)")
    }

    /// Removes an attempt with its log.
    /// - Throws: `SupervisionError.invalid` while it is watched.
    package func remove(_ info: AttemptInfo) throws(SupervisionError) {
        guard !attempts.contains(where: { $0.folder == info.folder && !$0.isFinished }) else {
            throw .invalid("\(info.jobID)#\(info.attempt) has not ended")
        }
        info.log.remove()
        Files.removeTree(info.folder)
        if let parent = Files.parent(of: info.folder) { rmdir(parent) }
    }

    /// Removes all attempts of a job with their logs.
    /// - Throws: `SupervisionError.invalid` while one is watched, or for an id that is none.
    package func remove(jobID: String) throws(SupervisionError) {
        guard Identifier.isJobID(jobID) else { throw .invalid("\(jobID) is no job id") }
        for name in Files.entries(of: "\(data)/jobs/\(jobID)") {
            let folder = "\(data)/jobs/\(jobID)/\(name)"
            guard let file = Int(name).flatMap({ AttemptFile(folder: folder, jobID: jobID, attempt: $0) }) else {
                continue
            }
            try remove(file.info)
        }
        Files.removeTree("\(data)/jobs/\(jobID)")
    }

    /// Finds an attempt as `scan()` does, also a settled one whose end must be told again.
    /// - Returns: `nil` when there is none, or somebody watches it.
    package func lookAgain(jobID: String, attempt: Int) async -> FoundAttempt? {
        guard Identifier.isJobID(jobID) else { return nil }
        let folder = AttemptPreparation.folder(data: data, jobID: jobID, attempt: attempt)
        return await withCheckedContinuation { continuation in
            pool.run { [self] in
                find(folder, jobID: jobID, attempt: attempt) { continuation.resume(returning: $0) }
            }
        }
    }

    /// What is known of an attempt, also a settled one; `nil` when its folder is gone.
    package func info(jobID: String, attempt: Int) -> AttemptInfo? {
        guard Identifier.isJobID(jobID) else { return nil }
        let folder = AttemptPreparation.folder(data: data, jobID: jobID, attempt: attempt)
        return AttemptFile(folder: folder, jobID: jobID, attempt: attempt)?.info
    }

    /// Finds out about an attempt whose connection ended without a result.
    func settle(_ attempt: Attempt) {
        switch Settlement.settle(attempt.folder, unless: { attempt.isFinished }) {
        case .alive(let connection):
            watch(attempt, over: connection)
        case .ended(let exit):
            attempt.end(exit)
            tidy(attempt)
        case .neverStarted:
            // Whoever hears of it may remove the folder and launch the job anew.
            forget(attempt)
            attempt.lose(.neverStarted)
        case .lost:
            clearingPool.run { [self] in
                attempt.lose(clearUp(attempt.info))
                tidy(attempt)
            }
        case nil:
            forget(attempt)
        }
    }

    /// - Parameter tell: Called once, with `nil` when there is nothing to tell.
    private func find(
        _ folder: String,
        jobID: String,
        attempt number: Int,
        tell: @escaping @Sendable (FoundAttempt?) -> Void
    ) {
        if isWatched(folder) { return tell(nil) }
        guard let info = AttemptFile(folder: folder, jobID: jobID, attempt: number)?.info else {
            removeHalfMade(folder)
            return tell(nil)
        }
        guard let attempt = register(info) else { return tell(nil) }
        switch Settlement.settle(folder, unless: { isClosed }) {
        case .alive(let connection):
            attempt.receiveGreeting(from: connection)
            watch(attempt, over: connection)
            tell(.alive(attempt))
        case .ended(let exit):
            tidy(attempt)
            tell(.ended(info, exit))
        case .neverStarted:
            tidy(attempt)
            tell(.neverStarted(info))
        case .lost:
            if Files.exists("\(folder)/\(AttemptFile.settledName)") {
                // It was cleared up when it was told for the first time.
                tidy(attempt)
                return tell(.lost(info, .monitorDied))
            }
            clearingPool.run { [self] in
                let record = clearUp(info)
                tidy(attempt)
                tell(.lost(info, record))
            }
        case nil:
            tell(nil)
        }
    }

    /// Removes the folder of a worker that died while it made it, so that nothing was ever asked to run it.
    private func removeHalfMade(_ folder: String) {
        if isWatched(folder) { return }
        if case .neverStarted? = Settlement.settle(folder, unless: { isClosed }) { Files.removeTree(folder) }
    }

    private func clearUp(_ info: AttemptInfo) -> LostRecord {
        guard let file = AttemptFile(folder: info.folder, jobID: info.jobID, attempt: info.attempt) else {
            return .monitorDied
        }
        let swept = Sweep(file: file).run()
        let failures = Cleanup(file: file, launcher: launcher).run()
        return LostRecord(
            reason: .monitorDied,
            killed: swept.killed,
            cleanupFailures: failures,
            rebooted: swept.rebooted
        )
    }
}
