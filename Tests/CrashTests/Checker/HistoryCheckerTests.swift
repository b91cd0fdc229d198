import Testing

/// The checker finds what was planted.
@Suite struct HistoryCheckerTests {
    private func entry(_ event: String, _ status: String, fence: Int? = nil) -> String {
        #"{"event":"\#(event)","status":"\#(status)","fence":\#(fence.map(String.init) ?? "null")}"#
    }

    private var good: HistoryChecker {
        var checker = HistoryChecker()
        checker.accepted = ["a", "b"]
        checker.jobs = [
            "a": ["status": "done", "attempt": "2"], "b": ["status": "error", "attempt": "1", "reason": "lost"],
        ]
        checker.histories = [
            "a": [
                entry("accepted", "pending"), entry("claimed", "pending", fence: 1), entry("retrying", "pending"),
                entry("claimed", "pending", fence: 3), entry("done", "done", fence: 3),
            ],
            "b": [entry("accepted", "pending"), entry("claimed", "pending", fence: 2), entry("lost", "error")],
        ]
        checker.markers = ["begin a 1 1 k 0", "begin a 2 3 k 0", "begin b 1 2 l 0", "end a 2"]
        return checker
    }

    @Test func nothingIsFoundWhereNothingIs() {
        #expect(good.violations() == [])
    }

    @Test(
        arguments: [
            ("accepted and is gone", { @Sendable in $0.jobs["b"] = nil }),
            ("never ended", { @Sendable in $0.jobs["b"]?["status"] = "running" }),
            ("its history ends with", { @Sendable in $0.jobs["b"]?["status"] = "done" }),
            ("ended 2 times", { @Sendable in $0.histories["b", default: []] += $0.histories["b"]?.suffix(1) ?? [] }),
            ("effect twice", { @Sendable in $0.markers.append("begin a 1 1 k 0") }),
            ("overlaps", { @Sendable in $0.markers[1] = "begin a 2 3 k 1" }),
            ("after another of its key", { @Sendable in $0.markers.insert("end a 1", at: 2) }),
            ("without a beginning", { @Sendable in $0.markers.append("end a 2") }),
            ("never ended well", { @Sendable in $0.markers.removeLast() }),
            ("a marker reads", { @Sendable in $0.markers.append("beg") }),
            ("after 3", { @Sendable in $0.histories["a", default: []] += $0.histories["a"]?[1...1] ?? [] }),
            ("was given to", { @Sendable in $0.histories["c"] = [$0.histories["b"]?[1] ?? ""] }),
            ("the key turns is left", { @Sendable in $0.leftKeys = ["turns"] }),
            ("is not settled", { @Sendable in $0.leftFolders = ["a/1"] }),
            ("lives", { @Sendable in $0.leftProcesses = ["17"] }),
        ] as [(String, @Sendable (inout HistoryChecker) -> Void)]
    )
    func whatIsPlantedIsFound(sentence: String, plant: @Sendable (inout HistoryChecker) -> Void) {
        var checker = good
        plant(&checker)
        #expect(checker.violations().contains { $0.contains(sentence) }, "\(checker.violations())")
    }
}
