import HoistwayStore
import Testing

@testable import WorkerCore

@Suite struct WatchTests {
    private let sign = SignOfLife("token 65000")

    /// Observes once a second; answers the seconds at which the sign was ripe.
    private func ripe(
        until end: Int64,
        _ change: (Int64) -> (sign: SignOfLife?, connection: Int, isAnswered: Bool)
    ) -> [Int] {
        var watch = Watch()
        var found: [Int] = []
        for second in 0...end {
            let (sign, connection, isAnswered) = change(second)
            guard isAnswered else { continue }
            let moment = second * 1000
            let result = watch.observe(
                sign.map { ["w": $0] } ?? [:],
                sent: moment,
                received: moment + 10,
                connection: connection
            )
            if result.contains(where: { $0.owner == "w" }) { found.append(Int(second)) }
        }
        return found
    }

    @Test func onlyAfterTheWholeWindow() {
        #expect(ripe(until: 70) { _ in (sign, 1, true) }.first == 66)
        #expect(ripe(until: 64) { _ in (sign, 1, true) }.isEmpty)
    }

    @Test func aNewSignStartsAnew() {
        #expect(ripe(until: 120) { (SignOfLife($0 < 50 ? "token 65000" : "other 65000"), 1, true) }.first == 50 + 66)
        #expect(ripe(until: 120) { ($0 == 50 ? nil : sign, 1, true) }.first == 51 + 66)
        #expect(ripe(until: 300) { (SignOfLife("\($0) 65000"), 1, true) }.isEmpty)
    }

    @Test func anotherConnectionStartsAnew() {
        #expect(ripe(until: 120) { (sign, $0 < 50 ? 1 : 2, true) }.first == 50 + 66)
    }

    @Test func aGapStartsAnew() {
        #expect(ripe(until: 130) { (sign, 1, !(50..<54).contains($0)) }.first == 54 + 66)
        #expect(ripe(until: 130) { (sign, 1, $0 != 50) }.first == 66, "one late beat is none")
    }

    @Test func foreverIsNever() {
        #expect(ripe(until: 5000) { _ in (SignOfLife("token 0"), 1, true) }.isEmpty)
    }

    @Test func whatTookLongCountsForTheWatched() {
        var watch = Watch()
        let sign = SignOfLife("token 1000")
        let signs = sign.map { ["w": $0] } ?? [:]
        #expect(watch.observe(signs, sent: 0, received: 900, connection: 1).isEmpty)
        #expect(watch.observe(signs, sent: 1500, received: 2400, connection: 1).isEmpty)
        #expect(watch.observe(signs, sent: 2500, received: 2510, connection: 1).count == 1)
        watch.interrupt()
        #expect(watch.observe(signs, sent: 2600, received: 2610, connection: 1).isEmpty)
    }
}
