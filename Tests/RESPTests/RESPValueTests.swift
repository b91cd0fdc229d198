import RESP
import Testing

@Suite struct RESPValueTests {
    @Test func stringIsTheTextOfStringsAndIntegers() {
        #expect(RESPValue.string(Array("a".utf8)).string == "a")
        #expect(RESPValue.status("OK").string == "OK")
        #expect(RESPValue.integer(-3).string == "-3")
        #expect(RESPValue.null.string == nil)
        #expect(RESPValue.error("ERR").string == nil)
    }

    @Test func intIsANumberOrTheTextOfOne() {
        #expect(RESPValue.integer(7).int == 7)
        #expect(RESPValue.string(Array("-12".utf8)).int == -12)
        #expect(RESPValue.string(Array("12x".utf8)).int == nil)
        #expect(RESPValue.array([]).int == nil)
    }

    @Test func othersAreThereForTheirKindOnly() {
        #expect(RESPValue.status("OK").bytes == Array("OK".utf8))
        #expect(RESPValue.integer(1).bytes == nil)
        #expect(RESPValue.array([.null]).array == [.null])
        #expect(RESPValue.null.array == nil)
        #expect(RESPValue.error("ERR x").error == "ERR x")
        #expect(RESPValue.null.isNull)
        #expect(!RESPValue.string([]).isNull)
    }
}
