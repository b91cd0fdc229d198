import HoistwayStore

/// Watches signs of life of others: tells which stood unchanged for their whole window while Redis answered all the time.
///
/// Moments are of a clock that never steps, in milliseconds. What is in doubt counts for the watched one: a sign of life is
/// new at the moment its reply came, and still there at the moment the request for it was sent.
struct Watch {
    private struct Entry {
        var sign: SignOfLife
        var since: Int64
    }

    private var entries: [String: Entry] = [:]
    private var last: Int64?
    private var connection = 0

    /// Longest time between a reply and the next one; behind it nobody knows what happened in between.
    private static let longestGap: Int64 = 3000
    /// A window is prolonged by a part in so many, for clocks that do not run alike.
    private static let drift: Int64 = 1000

    /// - Parameters:
    ///   - signs: all there are at present, by their owner.
    ///   - sent: when they were asked for.
    ///   - received: when they came.
    ///   - connection: the number of the connection to Redis. Over another one Redis may have been another, or away.
    /// - Returns: those whose owner's attempts may be ended.
    mutating func observe(
        _ signs: [String: SignOfLife],
        sent: Int64,
        received: Int64,
        connection: Int
    ) -> [(owner: String, sign: SignOfLife)] {
        let isUnbroken = connection == self.connection && last.map { received - $0 <= Watch.longestGap } ?? false
        if !isUnbroken { entries = [:] }
        self.connection = connection
        last = received
        var ripe: [(owner: String, sign: SignOfLife)] = []
        for (owner, sign) in signs {
            if let entry = entries[owner], entry.sign == sign {
                if sign.window > 0, sent - entry.since >= sign.window + sign.window / Watch.drift {
                    ripe.append((owner, sign))
                }
            } else {
                entries[owner] = Entry(sign: sign, since: received)
            }
        }
        entries = entries.filter { signs[$0.key] != nil }
        return ripe
    }

    /// Redis did not answer: all counts start anew.
    mutating func interrupt() {
        entries = [:]
        last = nil
    }
}
