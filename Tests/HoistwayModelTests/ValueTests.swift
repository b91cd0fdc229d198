import HoistwayModel
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0), ("2026-01-15T08:00:00.123Z", 1_768_464_000_123),
        ("2000-02-29T23:59:59.999Z", 951_868_799_999), ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func writesWhatItReads(text: String, milliseconds: Int64) {
        #expect(Timestamp(parsing: text)?.milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: [
        ("2026-01-15T10:00:00+02:00", "2026-01-15T08:00:00.000Z"), ("2026-01-15 08:00:00z", "2026-01-15T08:00:00.000Z"),
        ("2026-01-14T23:30:00.5-08:30", "2026-01-15T08:00:00.500Z"),
        ("2026-01-15T08:00:00.123987Z", "2026-01-15T08:00:00.123Z"),
    ])
    func readsOffsetsAndFractions(text: String, expected: String) {
        #expect(Timestamp(parsing: text)?.description == expected)
    }

    @Test(arguments: [
        "", "2026-01-15", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-15T24:00:00Z", "2026-01-15T08:60:00Z", "2026-01-15T08:00:61Z", "2026-01-15T08:00:00",
        "2026-01-15T08:00:00.Z",
        "2026-01-15T08:00:00Zx", "2026-1-15T08:00:00Z", "2026-01-15T08:00:00+2:00", "2026-01-15T08:00:00+24:00",
        "1900-02-29T00:00:00Z",
    ])
    func refusesWhatIsNoTime(text: String) {
        #expect(Timestamp(parsing: text) == nil)
    }

    @Test func everyDayOfFourCenturiesIsItself() {
        for day in stride(from: Int64(-40_000), through: 110_000, by: 1) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 1)
            #expect(Timestamp(parsing: time.description) == time)
        }
    }
}

@Suite struct TimeSpanTests {
    @Test(arguments: [
        ("30s", 30_000), ("5m", 300_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5s", 1500), ("2d", 172_800_000),
        ("7", 7000),
        ("0", 0), ("0.0004", 0),
    ])
    func readsText(text: String, milliseconds: Int64) {
        #expect(TimeSpan(parsing: text)?.milliseconds == milliseconds)
        #expect(TimeSpan(.string(text))?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "s", "5 m", "-5s", "-5", "+5", "5w", "5S", "1.2.3", "nan", "inf", "0x10", "1e3", "5m-3s", "400000d", "٣s",
    ])
    func refusesText(text: String) {
        #expect(TimeSpan(parsing: text) == nil)
    }

    @Test func readsNumbers() {
        #expect(TimeSpan(JSON.number("0.25"))?.milliseconds == 250)
        #expect(TimeSpan(JSON.number("1e2"))?.milliseconds == 100_000)
        for json: JSON in [.number("-1"), .number("1e300"), .number("1e400"), .number("316224001"), true, nil, [], [:]]
        {
            #expect(TimeSpan(json) == nil)
        }
    }

    @Test func writesSeconds() {
        #expect(TimeSpan(milliseconds: 1500).json.text == "1.5")
        #expect(TimeSpan.seconds(60).description == "60s")
    }
}

@Suite struct IdentifierTests {
    @Test(arguments: ["a", "Z9", "0", "a.b_c-d", String(repeating: "x", count: 128)])
    func jobIDs(text: String) {
        #expect(Identifier.isJobID(text))
        #expect(Identifier.isName(text) == (text.count <= 64))
    }

    @Test(arguments: [
        "", "-a", ".a", "_a", "a b", "a:b", "a/b", "a@b", "a!b", "ä", "a\n", "a\u{0}",
        String(repeating: "x", count: 129),
    ])
    func noJobIDs(text: String) {
        #expect(!Identifier.isJobID(text))
        #expect(!Identifier.isName(text))
    }

    @Test func variables() {
        for good in ["A", "_", "a1_B"] { #expect(Identifier.isVariable(good)) }
        for bad in ["", "1A", "A-B", "A=B", "Ä", String(repeating: "A", count: 257)] {
            #expect(!Identifier.isVariable(bad))
        }
    }

    @Test func ulidsAreJobIDsThatSortByTime() {
        let ids = (0..<2000).map { Identifier.ulid(at: Timestamp(milliseconds: 1_700_000_000_000 + Int64($0))) }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.count == 26 && Identifier.isJobID($0) })
        #expect(Set((0..<2000).map { _ in Identifier.ulid(at: Timestamp(milliseconds: 5)) }).count == 2000)
        #expect(Identifier.ulid(at: Timestamp(milliseconds: 0)).hasPrefix("0000000000"))
        #expect(Identifier.ulid(at: Timestamp(milliseconds: (1 << 48) - 1)).hasPrefix("7ZZZZZZZZZ"))
    }
}

@Suite struct BackoffTests {
    @Test func growsToItsMaximum() {
        let backoff = Backoff.standard
        #expect((1...9).map { backoff.wait(after: $0, jitter: 0).seconds } == [5, 10, 20, 40, 80, 160, 300, 300, 300])
        #expect(backoff.wait(after: 1_000_000, jitter: 0).seconds == 300)
        #expect(backoff.wait(after: 0, jitter: 0).seconds == 5)
        #expect(backoff.wait(after: 1, jitter: 1).seconds == 6)
        #expect(backoff.wait(after: 1, jitter: -1).seconds == 4)
    }

    @Test func fixedStaysTheSame() {
        let backoff = Backoff(kind: .fixed, delay: .seconds(7), maximum: .seconds(1))
        #expect([1, 5, 50].map { backoff.wait(after: $0, jitter: 0).seconds } == [7, 7, 7])
    }

    @Test func theLongestDelayDoesNotOverflow() {
        let backoff = Backoff(kind: .exponential, delay: .maximum, maximum: .maximum)
        #expect(backoff.wait(after: 1000, jitter: 1).milliseconds > 0)
    }
}

@Suite struct TransitionTests {
    static let states: [JobState] =
        JobState.waiting + [.starting, .running, .done]
        + [
            JobReason.failed, .killed, .timeout, .idle, .spawn, .lost, .cancelled, .superseded, .expired, .skipped,
            .rejected,
        ]
        .map { .error($0) }

    @Test func terminalStatesHaveNoExits() {
        for state in Self.states where state.status.isTerminal {
            for event in JobEvent.allCases {
                let told = event == .notified || event == .notifyFailed
                #expect(Transition.targets(from: state, on: event) == (told ? [state] : []))
            }
        }
    }

    @Test func everyStateIsReachedFromNothingAndLeadsToAnEnd() {
        var reached: Set<JobState> = []
        var frontier: Set<JobState?> = [nil]
        while let state = frontier.popFirst() {
            for event in JobEvent.allCases {
                for next in Transition.targets(from: state, on: event) where reached.insert(next).inserted {
                    frontier.insert(next)
                }
            }
        }
        #expect(reached == Set(Self.states))
        for state in Self.states where !state.status.isTerminal {
            #expect(
                JobEvent.allCases.contains { event in
                    Transition.targets(from: state, on: event).contains { $0.status.isTerminal }
                }
            )
        }
    }

    @Test func everyEventHappensSomewhere() {
        let from: [JobState?] = [nil] + Self.states
        for event in JobEvent.allCases { #expect(from.contains { !Transition.targets(from: $0, on: event).isEmpty }) }
    }

    /// But for what a worker writes back to a Redis that lost it: there it was claimed in the data that are gone.
    @Test func onlyWhatWasClaimedRuns() {
        for state in Self.states {
            for event in JobEvent.allCases
            where event != .restored && Transition.targets(from: state, on: event).contains(.running) {
                #expect(state == .starting || state == .running)
            }
        }
    }
}
