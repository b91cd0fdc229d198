import Testing

/// A worker, its monitor, a watcher and a Redis that crashes and whose replies come late or never: every order of events is
/// tried, and in none do two attempts of one job run at a time. Each guard of the protocol is needed: without it an order is
/// found in which they do.
@Suite(.timeLimit(.minutes(2))) struct LeaseModelTests {
    @Test func noTwoAttemptsAtATime() {
        let search = Search(without: nil)
        #expect(search.overlap() == nil)
        #expect(search.takeovers > 0, "the model is dead")
        #expect(search.states > 1000, "the model is too small: \(search.states)")
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

/// A moment of the model. Times are ages in steps, as far as they matter, so that the states are finite although time and
/// the number of crashes are not.
private struct World: Hashable {
    enum Monitor: Hashable { case planned, runs, ended }
    enum Request: Hashable {
        case none
        case sent(age: Int)
        case executed(age: Int)
    }

    /// Redis.
    var isUp = true
    var isLost = false
    /// The worker and its monitor. The claim was just sent.
    var request = Request.none
    var monitor = Monitor.planned
    var leaseAge = 0
    /// The watcher: whether what it saw last is what stands in Redis, for how long, and over the same connection.
    var isSeen = false
    var seenAge = 0
    var isSameConnection = true
    /// Its script to end the attempt is under way; whether with the sign of life that stands in Redis.
    var intends: Bool?

    var hasOverlap: Bool { monitor == .runs && isLost }
}

private final class Search {
    private let missing: Guard?
    private(set) var states = 0
    private(set) var takeovers = 0

    private static let lease = 3
    /// How long a monitor may take to end its tree.
    private static let delay = 1
    private static let margin = 2
    private static let oldest = lease + delay + margin

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
        case .none: found.append(world.with { $0.request = .sent(age: 0) })
        case .sent(let age):
            if world.isUp, !world.isLost {
                found.append(
                    world.with {
                        $0.isSeen = false
                        if $0.intends != nil { $0.intends = false }
                        $0.request = .executed(age: age)
                    }
                )
            }
            found.append(world.with { $0.request = .none })
        case .executed(let age):
            // The reply comes, at any later moment, or never.
            found.append(
                world.with {
                    $0.leaseAge = min($0.leaseAge, has(.momentBeforeSending) ? age : 0)
                    $0.request = .none
                }
            )
            found.append(world.with { $0.request = .none })
        }
        if world.monitor == .runs, !world.isUp || !has(.refusalOnly) {
            found.append(world.with { $0.leaseAge = 0 })
        }
        return found
    }

    private func monitor(_ world: World) -> [World] {
        switch world.monitor {
        case .planned:
            [
                world.with {
                    if !has(.leaseFromClaim) { $0.leaseAge = 0 }
                    $0.monitor = $0.leaseAge < Search.lease ? .runs : .ended
                }
            ]
        case .runs: world.leaseAge >= Search.lease ? [world.with { $0.monitor = .ended }] : []
        case .ended: []
        }
    }

    private func watcher(_ world: World) -> [World] {
        guard world.isUp else { return [] }
        var found: [World] = []
        let isFresh = world.isSameConnection || !has(.freshConnection)
        let window = Search.lease + (has(.margin) ? Search.margin : 0)
        if !world.isSeen || !isFresh {
            found.append(
                world.with {
                    $0.isSeen = true
                    $0.seenAge = 0
                    $0.isSameConnection = true
                }
            )
        } else if world.intends == nil, !world.isLost, world.seenAge >= window {
            found.append(world.with { $0.intends = true })
        }
        if let isCurrent = world.intends {
            // It takes its time, and an outage may lie between.
            if isCurrent || !has(.compareAndSet) {
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
        [
            world.with {
                $0.isUp.toggle()
                $0.isSameConnection = false
                if case .sent = $0.request { $0.request = .none }
            }
        ]
    }

    /// Time passes, but not for a monitor whose lease is over for too long.
    private func time(_ world: World) -> [World] {
        if world.monitor == .runs, world.leaseAge + 1 > Search.lease + Search.delay { return [] }
        return [
            world.with {
                $0.leaseAge = Search.older($0.leaseAge)
                $0.seenAge = Search.older($0.seenAge)
                switch $0.request {
                case .none: break
                case .sent(let age): $0.request = .sent(age: Search.older(age))
                case .executed(let age): $0.request = .executed(age: Search.older(age))
                }
            }
        ]
    }

    private static func older(_ age: Int) -> Int { min(age + 1, oldest) }
}

extension World {
    fileprivate func with(_ change: (inout World) -> Void) -> World {
        var copy = self
        change(&copy)
        return copy
    }
}
