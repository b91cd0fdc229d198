import HoistwayStore

/// What `top` shows, and what a key does to it. Knows neither Redis nor the terminal.
struct TopState: Sendable {
    enum Mode: Sendable, Equatable {
        case jobs
        case help
        /// Whether to kill a job.
        case question(id: String)
        case log(id: String)
    }

    /// What a key asks of the world.
    enum Action: Sendable, Equatable {
        case quit
        case kill(id: String)
        case openLog(id: String)
        case closeLog
    }

    private(set) var mode = Mode.jobs
    private(set) var overview = Overview()
    private(set) var hasOverview = false
    /// The id of the chosen job.
    private(set) var chosen: String?
    private(set) var logLines: [String] = []
    /// What to say of the last action, until the next key.
    var message: String?
    /// Why there is nothing newer to show.
    var failure: String?

    private static let page = 10

    /// The place of the chosen job.
    var chosenIndex: Int? { overview.jobs.firstIndex { $0.id == chosen } }

    /// Something newer to show. When the chosen job has ended, the one at its place is chosen.
    mutating func show(_ new: Overview) {
        let place = chosenIndex ?? 0
        overview = new
        hasOverview = true
        failure = nil
        if chosenIndex == nil { choose(place) }
    }

    /// The last lines of the log that is open.
    mutating func show(log lines: [String], of id: String) {
        if mode == .log(id: id) { logLines = lines }
    }

    mutating func press(_ key: TopKey) -> Action? {
        message = nil
        switch mode {
        case .jobs: return pressInJobs(key)
        case .help:
            mode = .jobs
            return key == .interrupt ? .quit : nil
        case .question(let id):
            mode = .jobs
            if key == .interrupt { return .quit }
            guard key == .character("y") || key == .character("Y") else {
                message = "\(id) goes on"
                return nil
            }
            message = "killing \(id)"
            return .kill(id: id)
        case .log:
            guard [.character("q"), .escape, .interrupt, .character("l")].contains(key) else { return nil }
            mode = .jobs
            logLines = []
            return .closeLog
        }
    }

    private mutating func pressInJobs(_ key: TopKey) -> Action? {
        let place = chosenIndex ?? 0
        switch key {
        case .up, .character("k"): choose(place - 1)
        case .down, .character("j"): choose(place + 1)
        case .pageUp: choose(place - TopState.page)
        case .pageDown: choose(place + TopState.page)
        case .home, .character("g"): choose(0)
        case .end, .character("G"): choose(overview.jobs.count - 1)
        case .character("?"), .character("h"): mode = .help
        case .character("x"), .character("K"):
            if let chosen { mode = .question(id: chosen) } else { message = "no job is chosen" }
        case .character("l"), .enter:
            guard let chosen else {
                message = "no job is chosen"
                return nil
            }
            mode = .log(id: chosen)
            return .openLog(id: chosen)
        case .character("q"), .interrupt: return .quit
        default: break
        }
        return nil
    }

    private mutating func choose(_ place: Int) {
        let jobs = overview.jobs
        chosen = jobs.isEmpty ? nil : jobs[min(max(0, place), jobs.count - 1)].id
    }
}
