import HoistwayModel
import HoistwayStore
import Logging
import Supervision
import Synchronization

/// Copies logs to Redis, where they can be read from any host while they are young.
final class LogShipping: Sendable {
    private let store: Store
    private let all: Int
    private let most: Int
    private let logger: Logger
    /// How far each log was copied, by the attempt's folder.
    private let offsets = Mutex<[String: Int]>([:])

    private static let pieceSize = 64 * 1024
    /// Pieces of one batch: a flood waits for the next one rather than holding the connection.
    private static let batch = 16

    /// - Parameter all: most bytes of all copies together; one of them has at most an eighth of that.
    init(store: Store, all: Int, logger: Logger) {
        self.store = store
        self.all = all
        self.logger = logger
        most = max(LogShipping.pieceSize, all / 8)
    }

    /// Copies what came since the last time, as far as one batch goes.
    func ship(_ info: AttemptInfo, upTo size: Int) async {
        await ship(info, upTo: size, pieces: LogShipping.batch)
    }

    /// The copy of a log is gone: it is made anew.
    func restart(_ info: AttemptInfo) {
        offsets.withLock { $0[info.folder] = nil }
    }

    /// Copies the rest of an ended attempt's log, its end at least.
    func finish(_ info: AttemptInfo, size: Int) async {
        await ship(info, upTo: size, pieces: most / LogShipping.pieceSize + 1)
        offsets.withLock { _ = $0.removeValue(forKey: info.folder) }
    }

    /// Copies the log of an ended job again, from its file in this worker's data folder.
    func provide(_ job: Job, from supervisor: Supervisor) async {
        guard job.status.isTerminal, let info = supervisor.info(jobID: job.id, attempt: job.attempt),
            info.fence == job.fence, info.logPath.hasPrefix("\(info.folder)/")
        else { return }
        await finish(info, size: info.log.size)
    }

    private func ship(_ info: AttemptInfo, upTo size: Int, pieces: Int) async {
        guard all > 0, size > 0 else { return }
        var offset = offsets.withLock { $0[info.folder] ?? 0 }
        // What would be dropped at once again is not sent at all.
        if size - offset > most { offset = size - most }
        let log = info.log
        for _ in 0..<pieces where offset < size {
            do {
                let chunk = try log.read(offset: offset, limit: LogShipping.pieceSize)
                guard !chunk.bytes.isEmpty else { break }
                let piece = LogPiece(offset: chunk.nextOffset - chunk.bytes.count, bytes: chunk.bytes)
                let code = try await store.appendLog(info.jobID, fence: info.fence, piece, most: most, all: all)
                guard code == .ok || code == .already else { break }
                offset = chunk.nextOffset
            } catch {
                // The file is the log; its copy catches up with the next batch.
                logger.debug("copying the log of \(info.jobID): \(error)")
                break
            }
        }
        offsets.withLock { $0[info.folder] = offset }
    }
}
