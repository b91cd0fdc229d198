import Hoistway
import HoistwayModel
import HoistwayStore

/// The live view: draws what Redis tells once a second, and does what keys ask for.
struct TopView {
    private enum Event: Sendable {
        case terminal(TopTerminal.Event)
        case overview(Overview)
        case log([String], id: String)
        case message(String)
        case failure(String)
    }

    private static let refresh = Duration.seconds(1)
    private static let logLook = Duration.milliseconds(300)
    /// More lines of a log than any screen has.
    private static let logLines = 500

    let session: Session

    func run() async throws {
        let terminal = TopTerminal(console: session.console)
        terminal.open()
        defer { terminal.close() }
        let (events, continuation) = AsyncStream<Event>.makeStream()
        let inputs = Task {
            for await event in terminal.events { continuation.yield(.terminal(event)) }
        }
        let refresher = Task { await refresh(continuation) }
        defer {
            inputs.cancel()
            refresher.cancel()
        }
        await show(events, on: terminal, continuation)
    }

    private func show(
        _ events: AsyncStream<Event>,
        on terminal: TopTerminal,
        _ continuation: AsyncStream<Event>.Continuation
    ) async {
        var state = TopState()
        var log: Task<Void, Never>?
        defer { log?.cancel() }
        terminal.draw(TopScreen.lines(state, TopTerminal.size()))
        for await event in events {
            switch event {
            case .terminal(.closed): return
            case .terminal(.resized): break
            case .overview(let overview): state.show(overview)
            case .log(let lines, let id): state.show(log: lines, of: id)
            case .message(let text): state.message = text
            case .failure(let text): state.failure = text
            case .terminal(.keys(let keys)):
                for key in keys {
                    switch state.press(key) {
                    case .quit: return
                    case .kill(let id): Task { await kill(id, continuation) }
                    case .openLog(let id): log = Task { await follow(id, continuation) }
                    case .closeLog:
                        log?.cancel()
                        log = nil
                    case nil: break
                    }
                }
            }
            terminal.draw(TopScreen.lines(state, TopTerminal.size()))
        }
    }

    private func refresh(_ continuation: AsyncStream<Event>.Continuation) async {
        while !Task.isCancelled {
            do {
                continuation.yield(.overview(try await session.store.overview()))
            } catch {
                continuation.yield(.failure("\(CommandFailure(error)?.description ?? "\(error)"); trying again"))
            }
            try? await Task.sleep(for: TopView.refresh)
        }
    }

    private func kill(_ id: String, _ continuation: AsyncStream<Event>.Continuation) async {
        do {
            let order = KillOrder(signal: nil, grace: nil, by: ProcessSurroundings.account(), why: nil)
            switch try await session.store.kill(id, order) {
            case .cancelled: continuation.yield(.message("\(id) was cancelled"))
            case .requested: continuation.yield(.message("the kill of \(id) is under way"))
            }
        } catch {
            continuation.yield(.message(CommandFailure(error)?.description ?? "\(error)"))
        }
    }

    /// Tells the last lines of a job's log again and again.
    private func follow(_ id: String, _ continuation: AsyncStream<Event>.Continuation) async {
        while !Task.isCancelled {
            do {
                continuation.yield(.log(try await lastLines(id), id: id))
            } catch {
                let text = CommandFailure(error)?.description ?? "\(error)"
                continuation.yield(.log([text], id: id))
            }
            try? await Task.sleep(for: TopView.logLook)
        }
    }

    private func lastLines(_ id: String) async throws -> [String] {
        let job = try await session.job(id)
        let source = LogSource.of(job, in: session)
        var offset = try await source.offset(ofLast: TopView.logLines)
        var bytes: [UInt8] = []
        while true {
            let chunk = try await source.read(from: offset)
            offset = chunk.end
            if chunk.bytes.isEmpty { break }
            bytes += chunk.bytes
        }
        let split = FollowPrinter.lines(bytes)
        var lines = split.lines
        if !split.rest.isEmpty { lines.append(String(decoding: split.rest, as: UTF8.self)) }
        if job.status.isTerminal { lines.append("--- \(job.state)") }
        return lines
    }
}
