import Testing

/// A worker, its monitor, a watcher and a Redis that crashes and whose replies come late or never: every order of events is
/// tried, and in none do two attempts of one job run at a time. Each guard of the protocol is needed: without it an order is
/// found in which they do.
@Suite(.timeLimit(.minutes(2))) struct LeaseModelTests {
    @Test func noTwoAttemptsAtATime() {
        let search = Search(without: nil)
        #expect(search.overlap() == nil)
        #expect(search.takeovers > 0, "the model is dead")
        #expect(search.states > 10_000, "the model is too small: \(search.states)")
    }

    @Test(arguments: Guard.allCases) func everyGuardIsNeeded(missing: Guard) {
        #expect(Search(without: missing).overlap() != nil)
    }
}

/// What keeps attempts apart.
enum Guard: CaseIterable {
    /// A renewal counts from before it was sent, not from its answer.
    case momentBeforeSending
    /// The lease of a new attempt counts from before its claim was sent, not from its monitor's start.
    case leaseFromClaim
    /// Attempts are ended only while the sign of life is the one that was seen.
    case compareAndSet
    /// Over a new connection the watcher counts anew.
    case freshConnection
    /// The watcher waits longer than the lease, for a monitor takes a moment to end its tree.
    case margin
    /// A monitor's clock stands still only while Redis is refused, never for mere silence.
    case refusalOnly
}

/// A moment of the model. Times are steps since the claim was sent.
private struct World: Hashable {
    enum Monitor: Hashable { case planned, runs, ended }
    enum Request: Hashable {
        case none
        case sent(at: Int)
        case executed(sentAt: Int)
    }

    var now = 0
    /// Redis.
    var isUp = true
    var crashes = 0
    var sign = 0
    var isLost = false
    /// The worker and its monitor.
    var request = Request.none
    var monitor = Monitor.planned
    var leaseFrom = 0
    /// The watcher.
    var seen = -1
    var since = 0
    var connection = 0
    var intends: Int?

    var hasOverlap: Bool { monitor == .runs && isLost }
}

private final class Search {
    private let missing: Guard?
    private(set) var states = 0
    private(set) var takeovers = 0

    private static let lease = 2
    /// How long a monitor may take to end its tree.
    private static let delay = 1
    private static let margin = 2
    private static let end = 10
    private static let mostCrashes = 1

    init(without missing: Guard?) {
        self.missing = missing
    }

    /// A state in which two attempts run, nil when there is none.
    func overlap() -> World? {
        var known: Set<World> = [World()]
        var open = [World()]
        while let world = open.popLast() {
            for next in successors(of: world) where known.insert(next).inserted {
                if next.hasOverlap { return next }
                if next.isLost, !world.isLost { takeovers += 1 }
                open.append(next)
            }
        }
        states = known.count
        return nil
    }

    private func has(_ name: Guard) -> Bool { missing != name }

    private func successors(of world: World) -> [World] {
        worker(world) + monitor(world) + watcher(world) + redis(world) + time(world)
    }

    private func worker(_ world: World) -> [World] {
        var found: [World] = []
        switch world.request {
        case .none: found.append(world.with { $0.request = .sent(at: world.now) })
        case .sent(let sent):
            if world.isUp, !world.isLost {
                found.append(
                    world.with {
                        $0.sign += 1
                        $0.request = .executed(sentAt: sent)
                    }
                )
            }
            found.append(world.with { $0.request = .none })
        case .executed(let sent):
            // The reply comes, at any later moment, or never.
            found.append(
                world.with {
                    $0.leaseFrom = max($0.leaseFrom, has(.momentBeforeSending) ? sent : world.now)
                    $0.request = .none
                }
            )
            found.append(world.with { $0.request = .none })
        }
        if world.monitor == .runs, !world.isUp || !has(.refusalOnly) {
            found.append(world.with { $0.leaseFrom = world.now })
        }
        return found
    }

    private func monitor(_ world: World) -> [World] {
        guard world.monitor != .ended else { return [] }
        if world.monitor == .planned {
            return [
                world.with {
                    if !has(.leaseFromClaim) { $0.leaseFrom = world.now }
                    $0.monitor = world.now < $0.leaseFrom + Search.lease ? .runs : .ended
                }
            ]
        }
        return world.now >= world.leaseFrom + Search.lease ? [world.with { $0.monitor = .ended }] : []
    }

    private func watcher(_ world: World) -> [World] {
        guard world.isUp else { return [] }
        var found: [World] = []
        if world.sign != world.seen || has(.freshConnection) && world.connection != world.crashes {
            found.append(
                world.with {
                    $0.seen = world.sign
                    $0.since = world.now
                    $0.connection = world.crashes
                }
            )
        } else if world.intends == nil, !world.isLost {
            let window = Search.lease + (has(.margin) ? Search.margin : 0)
            if world.now - world.since >= window { found.append(world.with { $0.intends = world.seen }) }
        }
        if let intends = world.intends {
            // It takes its time, and an outage may lie between.
            if intends == world.sign || !has(.compareAndSet) {
                found.append(
                    world.with {
                        $0.isLost = true
                        $0.intends = nil
                    }
                )
            }
            found.append(world.with { $0.intends = nil })
        }
        return found
    }

    private func redis(_ world: World) -> [World] {
        if !world.isUp { return [world.with { $0.isUp = true }] }
        guard world.crashes < Search.mostCrashes else { return [] }
        return [
            world.with {
                $0.isUp = false
                $0.crashes += 1
                if case .sent = $0.request { $0.request = .none }
            }
        ]
    }

    /// Time passes, but not for a monitor whose lease is over for too long.
    private func time(_ world: World) -> [World] {
        guard world.now < Search.end else { return [] }
        if world.monitor == .runs, world.now + 1 > world.leaseFrom + Search.lease + Search.delay { return [] }
        return [world.with { $0.now += 1 }]
    }
}

extension World {
    fileprivate func with(_ change: (inout World) -> Void) -> World {
        var copy = self
        change(&copy)
        return copy
    }
}
