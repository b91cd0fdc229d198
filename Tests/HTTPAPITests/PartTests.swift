import HTTPTypes
import Hoistway
import Hummingbird
import Synchronization
import TestSupport
import Testing

@testable import HTTPAPI

/// The parts that need neither Redis nor a socket.
@Suite(.timeLimit(.minutes(1))) struct PartTests {
    @Test func escapesAreDecodedOrRefused() {
        #expect(Percent.decode("a%2Fb%20%C3%A4+") == "a/b ä+")
        #expect(Percent.decode("a+b", plusIsSpace: true) == "a b")
        for wrong in ["%", "%2", "%zz", "%ff", "%C3"] { #expect(Percent.decode(wrong) == nil, "\(wrong)") }
        #expect(Percent.encode("a/b ä") == "a%2Fb%20%C3%A4")
    }

    /// A combining mark makes another character of what is before it, but not for a browser.
    @Test func nothingOfATextIsMarkup() {
        let text = "<a b='\u{301}' c=\"\u{301}\">&\u{301}"
        let html: HTML = "<i>\(text)</i>"
        #expect(html.text == "<i>&lt;a b=&#39;\u{301}&#39; c=&quot;\u{301}&quot;&gt;&amp;\u{301}</i>")
    }

    @Test func aQueryIsReadAsItCame() throws {
        let query = try Query("a=1&b=x%3Dy&a=2&c")
        #expect(query["a"] == "2" && query.all("a") == ["1", "2"] && query["b"] == "x=y" && query["c"] == "")
        #expect(query["d"] == nil)
        #expect(try query.integer("a", in: 1...2) == 2)
        #expect(throws: Problem.self) { try query.integer("a", in: 3...4) }
        #expect(throws: Problem.self) { try query.seconds("b", most: 1) }
        #expect(throws: Problem.self) { try Query("a=%") }
    }

    private struct Paths: Face {
        var routes: [Route] {
            ["/a/{x}/c", "/a/b/d", "/a/{x}", "/a/b"].map { path in
                Route(.get, path, .open) { _ in Response(status: .ok) }
            }
        }
        func owns(_ path: String) -> Bool { path.hasPrefix("/a/") }
    }

    @Test func aNamedSegmentGoesBeforeAnyOther() {
        let table = RouteTable([Paths()])
        func match(_ path: String) -> String? {
            guard case .match(let match) = table.find(.get, path) else { return nil }
            return "\(match.route.path) \(match.parameters["x"] ?? "-")"
        }
        #expect(match("/a/b") == "/a/b -")
        #expect(match("/a/z") == "/a/{x} z")
        #expect(match("/a/b/c") == "/a/{x}/c b")
        #expect(match("/a/b/d") == "/a/b/d -")
        #expect(match("/a/%2Fz") == "/a/{x} /z")
        for none in ["/", "/a", "/a/", "/a/b/", "/a/b/c/d", "a/b", "/a//c", "/a/%ff"] {
            #expect(match(none) == nil, "\(none)")
        }
        if case .notFound(let face) = table.find(.get, "/a/b/x") {
            #expect(face is Paths)
        } else {
            Issue.record("there is a route")
        }
    }

    @Test func anAllowanceFillsUpAgain() {
        let limiter = RateLimiter(perSecond: 2, burst: 3)
        let start = ContinuousClock.now
        for _ in 0..<3 { #expect(limiter.take("a", now: start) == nil) }
        #expect(limiter.take("a", now: start) == 0.5)
        #expect(limiter.take("b", now: start) == nil)
        #expect(limiter.take("a", now: start + .milliseconds(500)) == nil)
        #expect(limiter.take("a", now: start + .milliseconds(500)) != nil)
        #expect(limiter.take("a", now: start + .seconds(60)) == nil)
    }

    @Test func aPlaceInALogIsANumberAndItsAttempt() {
        #expect(LogStream.id(LogPosition(attempt: 1, offset: 37)) == "37")
        #expect(LogStream.id(LogPosition(attempt: 2, offset: 37)) == "37@2")
        #expect(LogStream.position("37") == LogPosition(attempt: 1, offset: 37))
        #expect(LogStream.position("37@2") == LogPosition(attempt: 2, offset: 37))
        for wrong in ["", "-1", "x", "1@", "@1", "1@2@3"] { #expect(LogStream.position(wrong) == nil, "\(wrong)") }
    }

    private actor Counter {
        private(set) var count = 0

        func slowly() async -> [Int] {
            count += 1
            for _ in 0..<1000 { await Task.yield() }
            return [1]
        }
    }

    @Test func whatManyReadAtOnceIsReadOnce() async throws {
        let reads = SharedReads<Int, [Int]>(most: 10) { $0.count }
        let counter = Counter()
        let values = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<20 {
                group.addTask { try await reads.value(1) { await counter.slowly() } }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values.count == 20)
        #expect(await counter.count == 1)
        // One that is empty may be another one soon, one that is too large is not kept.
        for (key, value) in [(2, []), (3, [Int](repeating: 0, count: 11))] {
            #expect(try await reads.value(key) { value } == value)
            #expect(try await reads.value(key) { [7] } == [7])
        }
    }

    /// Numbers its reads, and holds the first one up.
    private final class Numbered: Sendable {
        private let count = Mutex(0)
        private let isHeld = Mutex(true)

        var reads: Int { count.withLock { $0 } }

        func release() { isHeld.withLock { $0 = false } }

        func read() async throws -> Int {
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 1 { try await eventually("the release") { isHeld.withLock { !$0 } } }
            return number
        }
    }

    /// Who comes during a read gets the result of a later one, together with all who came then.
    @Test func whoAsksLaterGetsALaterRead() async throws {
        let reads = FreshReads<String, Int>()
        let source = Numbered()
        let first = Task { try await reads.value("a") { try await source.read() } }
        try await eventually("the first read") { source.reads == 1 }
        let others = (0..<20).map { _ in Task { try await reads.value("a") { try await source.read() } } }
        #expect(try await reads.value("b") { 100 } == 100)
        try await eventually("all to wait") { reads.waiters(of: "a") == 20 }
        source.release()
        #expect(try await first.value == 1)
        for other in others { #expect(try await other.value == 2) }
        #expect(try await reads.value("a") { try await source.read() } == 3)
    }

    @Test func digestsAreComparedWhole() {
        #expect(NewToken.isSame("abc", "abc"))
        #expect(!NewToken.isSame("abc", "abd") && !NewToken.isSame("abc", "ab") && !NewToken.isSame("", "a"))
        #expect(NewToken.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Set((0..<100).map { _ in NewToken(scopes: [.read]).text }).count == 100)
    }
}
