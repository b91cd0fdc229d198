import Testing

@testable import MonitorCore

@Suite struct SpecificationTests {
    private func number(_ value: Int, _ size: Int) -> Bytes {
        (0..<size).map { UInt8(value >> (8 * $0) & 0xFF) }
    }

    private func record(_ tag: Int, _ value: Bytes) -> Bytes {
        number(tag, 2) + number(value.count, 4) + value
    }

    private var complete: Bytes {
        let texts: [(Int, String)] = [
            (1, "/d/1"), (2, "/r/run"), (3, "run"), (3, "-x"), (4, "A=1"), (4, "B="), (5, "/d/1/work"),
            (6, "/d/1/payload.json"), (7, "/d/1/log"), (8, "65536"), (9, "1000"), (10, "2000"), (11, "3000"),
            (12, "4000"), (13, "secret"), (14, "1001"), (15, "1002"), (16, "27"), (16, "4294967295"), (17, "/cg/1"),
            (18, "/w/a"), (19, "a#1"), (20, "INFO hello"), (999, "unknown"),
        ]
        return number(1, 4) + texts.flatMap { record($0.0, Bytes(text: $0.1)) }
    }

    @Test func everyRecordIsRead() throws {
        let read = try #require(Specification(complete))
        #expect(read.folder.text == "/d/1")
        #expect(read.executable.text == "/r/run")
        #expect(read.arguments.map(\.text) == ["run", "-x"])
        #expect(read.environment.map(\.text) == ["A=1", "B="])
        #expect(read.workingFolder.text == "/d/1/work")
        #expect(read.input.text == "/d/1/payload.json")
        #expect(read.log.text == "/d/1/log")
        #expect([read.logMaximum, read.timeout, read.idleTimeout] == [65_536, 1000, 2000])
        #expect([read.killGrace, read.lease, read.uid, read.gid] == [3000, 4000, 1001, 1002])
        #expect(read.secrets.map(\.text) == ["secret"])
        #expect(read.groups == [27, .max])
        #expect(read.cgroup.text == "/cg/1")
        #expect(read.workspace.text == "/w/a")
        #expect(read.label.text == "a#1")
        #expect(read.firstLines.map(\.text) == ["INFO hello"])
    }

    @Test func truncatedInputIsRefusedOrShorter() {
        let whole = complete
        let full = Specification(whole)
        for end in 0..<whole.count {
            // Cut between two records it may still be a specification, but never the same one.
            #expect(
                Specification(Bytes(whole[..<end])) != full || end == whole.count - record(999, Bytes("unknown")).count
            )
        }
        for end in 1..<4 { #expect(Specification(Bytes(whole[..<end])) == nil) }
    }

    @Test func cutWithinARecordIsRefused() {
        let head = number(1, 4) + record(1, Bytes("/d")) + record(2, Bytes("/r")) + record(7, Bytes("/l"))
        #expect(Specification(head) != nil)
        let more = record(4, Bytes("A=1"))
        for end in 1..<more.count { #expect(Specification(head + more[..<end]) == nil) }
    }

    @Test func defaults() throws {
        let bytes = number(1, 4) + record(1, Bytes("/d")) + record(2, Bytes("/r")) + record(7, Bytes("/l"))
        let read = try #require(Specification(bytes))
        #expect(read.arguments == [Bytes("/r")])
        #expect([read.uid, read.gid, read.killGrace, read.timeout] == [-1, -1, 10_000, 0])
    }

    @Test func hugeNumbersAreCut() throws {
        let read = try #require(Specification(complete + record(9, Bytes("9223372036854775807"))))
        #expect(read.timeout == Specification.longest)
        let text = #"{"do":"kill","grace":9223372036854775807}"#
        guard
            case .kill(signal: nil, grace: Specification.longest, by: nil, why: nil, requestedAt: nil)? =
                Command(Bytes(text: text))
        else {
            Issue.record("not cut")
            return
        }
    }

    @Test(arguments: ["", "x", "1x", "-1", "99999999999999999999"]) func badNumbersAreRefused(text: String) {
        for tag in [8, 9, 10, 11, 12, 14, 15, 16] {
            #expect(Specification(complete + record(tag, Bytes(text: text))) == nil)
        }
    }

    @Test func otherVersionsAndHugeLengthsAreRefused() {
        #expect(Specification(number(2, 4) + complete.dropFirst(4)) == nil)
        #expect(Specification(complete + number(4, 2) + [0xFF, 0xFF, 0xFF, 0xFF]) == nil)
        #expect(Specification(number(1, 4)) == nil)
    }
}
