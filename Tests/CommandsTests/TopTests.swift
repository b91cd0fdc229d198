import HoistwayModel
import HoistwayStore
import Testing

@testable import Commands

/// What `top` draws for a state, and what a key does to one.
@Suite struct TopTests {
    private static let noon = Timestamp(milliseconds: 1_768_478_400_000)

    private static func overview(jobs: Int = 3, types: Int = 2, workers: Int = 2) -> Overview {
        var overview = Overview()
        overview.at = noon
        overview.running = jobs
        overview.queues = (0..<types).map {
            Overview.Queue(type: "type\($0)", isPaused: $0 == 1, pending: 10 * $0, running: $0, workers: 1)
        }
        overview.workers = (0..<workers).map {
            Overview.Worker(
                id: "w\($0)",
                host: "host",
                node: "",
                state: "running",
                slots: 4,
                running: $0,
                heartbeatAt: Timestamp(milliseconds: noon.milliseconds - 2000)
            )
        }
        overview.jobs = (0..<jobs).map {
            Overview.Running(
                id: "j\($0)",
                type: "application",
                resourceID: "shop",
                stage: "build",
                progress: 40,
                startedAt: Timestamp(milliseconds: noon.milliseconds - 65_000),
                workerID: "w0",
                title: "A title\u{1B}[2J that is long"
            )
        }
        return overview
    }

    private static func state(_ overview: Overview = overview()) -> TopState {
        var state = TopState()
        state.show(overview)
        return state
    }

    private func text(_ state: TopState, _ columns: Int = 80, _ rows: Int = 24) -> [String] {
        TopScreen.lines(state, TopScreen.Size(columns: columns, rows: rows)).map(\.text)
    }

    @Test func theUsualScreen() {
        let lines = TopScreen.lines(TopTests.state(), TopScreen.Size(columns: 80, rows: 24))
        #expect(
            lines.map(\.text).prefix(14).map { String($0.prefix(72)).trimmedEnd } == [
                "hoistway  3 running  10 waiting  2 workers",
                "QUEUE  WAITING  RUNNING  WORKERS  STATE",
                "type1  10       1        1        paused",
                "type0  0        0        1        open",
                "",
                "WORKER  STATE    SLOTS  HEARD  NODE  HOST",
                "w0      running  0/4    2s     -     host",
                "w1      running  1/4    2s     -     host",
                "",
                "JOB  TYPE         RESOURCE  PROGRESS  AGE  STAGE  TITLE",
                "j0   application  shop      40 %      1m   build  A title that is long",
                "j1   application  shop      40 %      1m   build  A title that is long",
                "j2   application  shop      40 %      1m   build  A title that is long",
                "",
            ]
        )
        #expect(lines[0].text.hasSuffix("12:00:00") && lines[0].text.count == 80 && lines[0].style == .title)
        #expect(lines[10].style == .chosen && lines[10].text.count == 80 && lines[11].style == .plain)
        #expect(lines[23].text == "j/k choose  l log  x kill  ? help  q quit")
    }

    @Test(arguments: [(80, 24), (20, 5), (200, 60), (1, 1), (40, 2), (10, 9), (80, 3)], [0, 1, 3, 100])
    func everySizeIsFilledExactly(size: (Int, Int), jobs: Int) {
        var states = [TopTests.state(TopTests.overview(jobs: jobs, types: 12, workers: 30)), TopState()]
        states[0].message = "日本語 and more"
        for key in [TopKey.character("?"), .character("x"), .character("l")] {
            var other = states[0]
            _ = other.press(key)
            other.show(log: (0..<200).map { "line \($0)\tあ" }, of: "j0")
            states.append(other)
        }
        for state in states {
            let lines = text(state, size.0, size.1)
            #expect(lines.count == size.1)
            for line in lines {
                #expect(TextWidth.of(line) <= size.0, "\(line)")
                #expect(!line.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
    }

    @Test func manyQueuesAndWorkersLeaveRoomForJobs() {
        let lines = text(TopTests.state(TopTests.overview(jobs: 50, types: 20, workers: 20)))
        #expect(lines.count { $0.hasPrefix("j") && $0.contains("build") } >= 8)
        #expect(lines.count { $0.hasPrefix("… and ") } == 2)
    }

    @Test func theChosenJobStaysInSight() {
        var state = TopTests.state(TopTests.overview(jobs: 60))
        _ = state.press(.character("G"))
        #expect(state.chosen == "j59")
        var lines = TopScreen.lines(state, TopScreen.Size(columns: 80, rows: 24))
        #expect(lines.first { $0.style == .chosen }?.text.hasPrefix("j59 ") == true)
        _ = state.press(.pageUp)
        #expect(state.chosen == "j49")
        _ = state.press(.home)
        _ = state.press(.up)
        lines = TopScreen.lines(state, TopScreen.Size(columns: 80, rows: 24))
        #expect(lines.first { $0.style == .chosen }?.text.hasPrefix("j0 ") == true)
    }

    @Test func choosingFollowsTheJobNotThePlace() {
        var state = TopTests.state()
        for key in [TopKey.character("j"), .down, .down] { _ = state.press(key) }
        #expect(state.chosen == "j2")
        _ = state.press(.character("k"))
        #expect(state.chosen == "j1")
        var next = TopTests.overview()
        next.jobs.insert(Overview.Running(id: "new", type: "backup", resourceID: "r"), at: 0)
        state.show(next)
        #expect(state.chosen == "j1")
        next.jobs.removeAll { $0.id == "j1" }
        state.show(next)
        #expect(state.chosen == "j2", "the one at its place")
        next.jobs = []
        state.show(next)
        #expect(state.chosen == nil)
        #expect(state.press(.character("x")) == nil && state.message == "no job is chosen")
    }

    @Test func aKillWantsAYes() {
        for key in [TopKey.character("n"), .escape, .enter, .character("x"), .character("q")] {
            var state = TopTests.state()
            #expect(state.press(.character("x")) == nil)
            #expect(text(state).last?.hasPrefix("Kill j0 (application shop)?") == true)
            #expect(state.press(key) == nil && state.mode == .jobs)
        }
        var state = TopTests.state()
        _ = state.press(.character("K"))
        // What ends meanwhile is not replaced by another.
        state.show(TopTests.overview(jobs: 0))
        #expect(state.press(.character("y")) == .kill(id: "j0"))
        #expect(state.press(.character("y")) == nil)
    }

    @Test func theLogOfAJob() {
        var state = TopTests.state()
        #expect(state.press(.enter) == .openLog(id: "j0"))
        state.show(log: ["other"], of: "j1")
        #expect(state.logLines.isEmpty)
        state.show(log: (0..<100).map { "line \($0)" } + ["evil\u{1B}[2J"], of: "j0")
        let lines = text(state)
        #expect(lines[0].hasPrefix("hoistway  log of j0") && lines[22] == "evil" && lines[21] == "line 99")
        #expect(state.press(.character("x")) == nil && state.mode == .log(id: "j0"))
        #expect(state.press(.character("q")) == .closeLog && state.mode == .jobs)
        #expect(state.press(.character("q")) == .quit)
    }

    @Test func whatWentWrongIsSaid() {
        var state = TopTests.state()
        state.failure = "Redis cannot be reached"
        #expect(text(state).last == "Redis cannot be reached")
        state.show(TopTests.overview())
        #expect(text(state).last?.hasPrefix("j/k") == true)
    }

    @Test(arguments: [
        ("j", [TopKey.character("j")]), ("\u{1B}[A\u{1B}[B", [.up, .down]), ("\u{1B}OA", [.up]), ("\u{1B}", [.escape]),
        ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]), ("\u{1B}[1~\u{1B}[F", [.home, .end]), ("\r", [.enter]),
        ("\u{03}", [.interrupt]), ("\u{1B}[1;5Cx", [.character("x")]), ("é", []), ("\u{1B}[", []),
    ])
    func keysAreRead(bytes: String, keys: [TopKey]) {
        #expect(TopKey.parse(Array(bytes.utf8)) == keys)
    }
}

extension String {
    fileprivate var trimmedEnd: String { String(reversed().drop { $0 == " " }.reversed()) }
}
