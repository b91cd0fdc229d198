import Synchronization

/// The highest fence that this worker has seen, in memory and in `<data>/fence`, so that it knows Redis that lost data.
final class FenceMemory: Sendable {
    private struct State {
        var highest: Int64 = 0
        var kept: Int64 = 0
    }

    private let path: String
    /// Fences of another set of keys say nothing of this one.
    private let prefix: String
    private let state: Mutex<State>

    init(data: String, prefix: String) {
        path = "\(data)/fence"
        self.prefix = prefix
        var kept: Int64 = 0
        if let text = try? SmallFile.read(path)?.trimmed, let space = text.firstIndex(of: " ") {
            if text[text.index(after: space)...] == prefix { kept = Int64(text[..<space]) ?? 0 }
        }
        state = Mutex(State(highest: kept, kept: kept))
    }

    var highest: Int64 { state.withLock { $0.highest } }

    func see(_ fence: Int64) { state.withLock { $0.highest = max($0.highest, fence) } }

    /// Writes the file when there is a higher one.
    /// - Throws: `WorkerError`.
    func keep() throws(WorkerError) {
        let highest = state.withLock { $0.highest > $0.kept ? $0.highest : nil }
        guard let highest else { return }
        try SmallFile.write("\(highest) \(prefix)\n", to: path)
        state.withLock { $0.kept = max($0.kept, highest) }
    }
}
