import Synchronization

/// Gathers names of changed keys until somebody asks for them.
final class ChangedKeys: Sendable {
    fileprivate struct State {
        var names: [String] = []
        var known: Set<String> = []
        var isEverything = false
        var isFinished = false
        var error: RedisError?

        var isEmpty: Bool { names.isEmpty && !isEverything }
    }

    /// With more names than this it is cheaper to look at everything.
    private static let most = 10_000

    private let state = Mutex(State())
    private let signal: AsyncStream<Void>
    private let signalled: AsyncStream<Void>.Continuation

    init() {
        (signal, signalled) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ names: [String]) {
        state.withLock { state in
            guard !state.isEverything else { return }
            for name in names where state.known.insert(name).inserted {
                state.names.append(name)
            }
            if state.names.count > Self.most { state.becomeEverything() }
        }
        signalled.yield()
    }

    func addAll() {
        state.withLock { $0.becomeEverything() }
        signalled.yield()
    }

    func finish(_ error: RedisError?) {
        state.withLock { state in
            if !state.isFinished { state.error = error }
            state.isFinished = true
        }
        signalled.finish()
    }

    /// Waits for names. An empty array is everything, nil the end.
    func next() async throws -> [String]? {
        while true {
            if let names = state.withLock({ $0.take() }) { return names }
            var signals = signal.makeAsyncIterator()
            guard await signals.next() != nil else {
                if let error = state.withLock({ $0.takeError() }) { throw error }
                return nil
            }
        }
    }
}

extension ChangedKeys.State {
    fileprivate mutating func becomeEverything() {
        self.names = []
        self.known = []
        self.isEverything = true
    }

    /// - Returns: nil when nothing has changed.
    fileprivate mutating func take() -> [String]? {
        guard !isEmpty else { return nil }
        defer {
            names = []
            known = []
            isEverything = false
        }
        return names
    }

    fileprivate mutating func takeError() -> RedisError? {
        defer { error = nil }
        return error
    }
}
