/// Something that goes wrong, with everything that decides it, so that a seed says all.
enum ChaosFault: Sendable, CustomStringConvertible {
    /// SIGKILL; a new worker on its folder after the pause.
    case workerKilled(Int, pause: Int)
    /// The worker, the launcher, the monitors and all that runs under them are gone at once.
    case hostLost(Int, pause: Int)
    case workerFrozen(Int, Int)
    /// SIGTERM three times at once.
    case workerStormed(Int)
    case workerDetached(Int, pause: Int)
    case launcherKilled(Int)
    case monitorKilled(Int)
    case cutOff(Int, Int)
    case slowed(Int, Int)
    /// What it asked for is done, and no answer comes.
    case repliesLost(Int)
    case redisKilled(pause: Int)
    case redisFrozen(Int)
    case redisBusy(Int)
    case redisFull(Int)
    case connectionsClosed
    case scriptsForgotten
    case jobKilled(Int, signal: String)

    static func random(workers: Int, jobs: Int, using random: inout some RandomNumberGenerator) -> ChaosFault {
        let worker = Int.random(in: 0..<workers, using: &random)
        let short = Int.random(in: 100...2000, using: &random)
        // Up to more than lease and margin together.
        let long = Int.random(in: 500...9000, using: &random)
        let job = Int.random(in: max(0, jobs - 40)..<max(1, jobs), using: &random)
        switch Int.random(in: 0..<24, using: &random) {
        case 0, 1: return .workerKilled(worker, pause: short)
        case 2: return .workerKilled(worker, pause: long)
        case 3: return .hostLost(worker, pause: long)
        case 4, 5: return .workerFrozen(worker, long)
        case 6: return .workerStormed(worker)
        case 7, 8: return .workerDetached(worker, pause: short)
        case 9: return .launcherKilled(worker)
        case 10, 11: return .monitorKilled(worker)
        case 12, 13: return .cutOff(worker, long)
        case 14: return .slowed(worker, long)
        case 15: return .repliesLost(worker)
        case 16: return .redisKilled(pause: short)
        case 17: return .redisFrozen(short)
        case 18: return .redisBusy(short)
        case 19: return .redisFull(short)
        case 20: return .connectionsClosed
        case 21: return .scriptsForgotten
        default: return .jobKilled(job, signal: Bool.random(using: &random) ? "TERM" : "KILL")
        }
    }

    /// The worker or the server that it harms; no two faults harm the same at a time.
    var victim: String {
        switch self {
        case .workerKilled(let worker, _), .hostLost(let worker, _), .workerFrozen(let worker, _),
            .workerStormed(let worker), .workerDetached(let worker, _), .launcherKilled(let worker),
            .monitorKilled(let worker), .cutOff(let worker, _), .slowed(let worker, _), .repliesLost(let worker):
            "worker \(worker)"
        case .redisKilled, .redisFrozen, .redisBusy, .redisFull, .connectionsClosed, .scriptsForgotten: "redis"
        case .jobKilled(let job, _): "job \(job)"
        }
    }

    /// What happens, without to whom and for how long.
    var name: String {
        switch self {
        case .workerKilled: "worker killed"
        case .hostLost: "host lost"
        case .workerFrozen: "worker frozen"
        case .workerStormed: "worker told thrice to stop"
        case .workerDetached: "worker detached"
        case .launcherKilled: "launcher killed"
        case .monitorKilled: "monitor killed"
        case .cutOff: "cut off from Redis"
        case .slowed: "200 ms to Redis"
        case .repliesLost: "reply lost"
        case .redisKilled: "Redis killed"
        case .redisFrozen: "Redis frozen"
        case .redisBusy: "Redis busy"
        case .redisFull: "Redis full"
        case .connectionsClosed: "connections closed"
        case .scriptsForgotten: "scripts forgotten"
        case .jobKilled: "job killed by command"
        }
    }

    private var length: Int? {
        switch self {
        case .workerKilled(_, let length), .hostLost(_, let length), .workerFrozen(_, let length),
            .workerDetached(_, let length), .cutOff(_, let length), .slowed(_, let length), .redisKilled(let length),
            .redisFrozen(let length), .redisBusy(let length), .redisFull(let length):
            length
        default: nil
        }
    }

    var description: String { "\(name): \(victim)" + (length.map { " for \($0) ms" } ?? "") }
}
