import NIOCore
import RESP
import Testing

@Suite struct RESPEncoderTests {
    @Test func writesAnArrayOfBulkStrings() {
        let name = "k1"
        #expect(
            encoded(["SET", .string(name), 12, "v-\(name)"])
                == "*4\r\n$3\r\nSET\r\n$2\r\nk1\r\n$2\r\n12\r\n$4\r\nv-k1\r\n"
        )
    }

    @Test func countsBytesNotCharacters() {
        #expect(encoded(["", "grün"]) == "*2\r\n$0\r\n\r\n$5\r\ngrün\r\n")
    }

    @Test(arguments: [0, 9, 10, 99, 100, -1, -9, -10, 1_000_000, Int.max, Int.min])
    func writesIntegersInDecimal(_ number: Int) {
        let digits = String(number)
        #expect(encoded([.int(number)]) == "*1\r\n$\(digits.count)\r\n\(digits)\r\n")
    }

    @Test func keepsBytesAsTheyAre() throws {
        let bytes = (0...255).map { UInt8($0) }
        var buffer = ByteBuffer()
        buffer.writeCommand([.bytes(bytes), "x"])
        var reader = RESPReader()
        var values: [RESPValue] = []
        try reader.read(&buffer) { values.append($0) }
        #expect(values == [.array([.string(bytes), .string([0x78])])])
    }

    @Test func appendsCommandAfterCommand() {
        var buffer = ByteBuffer()
        buffer.writeCommand(["PING"])
        buffer.writeCommand(["PING"])
        #expect(String(buffer: buffer) == "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n")
    }

    @Test func takesIntegersOfAnySize() {
        #expect(RedisArgument(UInt64.max) == .string("18446744073709551615"))
        #expect(RedisArgument(Int64(-5)) == .int(-5))
    }

    private func encoded(_ command: [RedisArgument]) -> String {
        var buffer = ByteBuffer()
        buffer.writeCommand(command)
        return String(buffer: buffer)
    }
}
