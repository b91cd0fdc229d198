import Testing

@testable import WorkerCore

/// Who has which slot.
@Suite(.timeLimit(.minutes(1)))
struct SlotBoardTests {
    private func board(_ capacity: Int, _ ids: String...) -> SlotBoard {
        let board = SlotBoard(capacity: capacity)
        for id in ids { _ = board.add(id, fence: 1, killGrace: .seconds(1)) }
        return board
    }

    @Test func slotsAreCounted() {
        let board = board(2, "a")
        #expect(board.free == 1 && board.count == 1 && board.has("a") && board.isLaunching)
        board.remove("a", fence: 1)
        #expect(board.free == 2 && !board.has("a") && !board.isLaunching)
    }

    @Test func moreThanFitAreNoNegativeRoom() {
        #expect(board(1, "a", "b").free == 0)
    }

    @Test func newerAttemptTakesTheSlotOver() {
        let board = board(2, "a")
        #expect(!board.add("a", fence: 1, killGrace: .zero))
        #expect(board.add("a", fence: 2, killGrace: .zero))
        board.remove("a", fence: 1)
        #expect(board.has("a") && board.count == 1)
    }

    @Test func killOfAJobThatIsNotHere() {
        let board = board(1, "a")
        let request = SlotBoard.KillRequest(requestedAt: "", by: "", why: "")
        #expect(!board.kill("b", request))
        #expect(board.kill("a", request) && board.isKilled("a") && !board.isKilled("b"))
    }

    @Test func killDoesNotOutliveItsAttempt() {
        let board = board(1, "a")
        _ = board.kill("a", SlotBoard.KillRequest(requestedAt: "", by: "", why: ""))
        _ = board.add("a", fence: 2, killGrace: .zero)
        #expect(!board.isKilled("a"))
    }

    @Test func waitsForAFreeSlot() async {
        let board = board(1, "a")
        async let freed: Void = board.waitForFree()
        board.remove("a", fence: 1)
        await freed
        #expect(board.free == 1)
    }

    @Test func fullBoardThatStopsAcceptingLetsGo() async {
        let board = board(1, "a")
        async let freed: Void = board.waitForFree()
        board.stopAccepting()
        await freed
        #expect(board.free == 0)
    }

    @Test func finishedOnlyWhenAllIsTold() async {
        let board = board(1, "a")
        board.beginSettling("b")
        #expect(board.has("b") && board.isRecording)
        let finished = Task { await board.waitUntilFinished() }
        board.stopAccepting()
        board.remove("a", fence: 1)
        #expect(board.has("b"))
        board.endSettling("b")
        await finished.value
        #expect(!board.has("b") && board.count == 0)
    }
}
