import NIOCore
import RESP
import Testing

@Suite struct RESPReaderTests {
    static let samples: [(bytes: String, values: [RESPValue])] = [
        ("+OK\r\n", [.status("OK")]),
        ("-NOSCRIPT No matching script.\r\n", [.error("NOSCRIPT No matching script.")]),
        (":9223372036854775807\r\n:-9223372036854775808\r\n:0\r\n", [.integer(.max), .integer(.min), .integer(0)]),
        ("$0\r\n\r\n$5\r\na\r\nb\0\r\n", [.string([]), .string(Array("a\r\nb\0".utf8))]),
        ("$-1\r\n*-1\r\n", [.null, .null]),
        ("*0\r\n*2\r\n*0\r\n$-1\r\n", [.array([]), .array([.array([]), .null])]),
        (
            "*3\r\n*2\r\n:1\r\n*1\r\n$1\r\nx\r\n-ERR nested\r\n*1\r\n*1\r\n*1\r\n*1\r\n:2\r\n+PONG\r\n",
            [
                .array([
                    .array([.integer(1), .array([.string([0x78])])]), .error("ERR nested"),
                    .array([.array([.array([.array([.integer(2)])])])]),
                ]),
                .status("PONG"),
            ]
        ),
    ]

    static let stream = samples.map(\.bytes).joined()

    @Test(arguments: samples.indices)
    func readsWhatTheProtocolSays(_ index: Int) throws {
        let sample = Self.samples[index]
        #expect(try read([Array(sample.bytes.utf8)]) == sample.values)
        #expect(ReferenceDecoder.decode(Array(sample.bytes.utf8)) == sample.values)
    }

    @Test func readsTheSameCutAtAnyByte() throws {
        let bytes = Array(Self.stream.utf8)
        let expected = Self.samples.flatMap(\.values)
        for cut in bytes.indices {
            #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try read(bytes.map { [$0] }) == expected)
    }

    @Test func readsRandomRepliesCutAtRandom() throws {
        var generator = SplitMix(state: 42)
        for _ in 0..<200 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                bytes += encoded(randomValue(depth: 0, &generator))
            }
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...64, using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(try read(pieces) == ReferenceDecoder.decode(bytes))
        }
    }

    @Test func readsAValueOfManySlices() throws {
        let value = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let bytes = Array("$5000000\r\n".utf8) + value + Array("\r\n:7\r\n".utf8)
        #expect(try read([bytes]) == [.string(value), .integer(7)])
    }

    @Test func givesNothingForHalfAReply() throws {
        #expect(try read([Array("*2\r\n:1\r\n$3\r\nab".utf8)]).isEmpty)
    }

    @Test func doesNotBelieveAnAnnouncedCount() throws {
        #expect(try read([Array("*2147483647\r\n:1\r\n".utf8)]).isEmpty)
    }

    @Test(arguments: [
        "%1\r\n", "_\r\n", "HTTP/1.1 400\r\n", "*99999999999\r\n", ":abc\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    ])
    func refusesWhatIsNotTheProtocol(_ text: String) {
        #expect(throws: RESPError.self) { try read([Array(text.utf8)]) }
    }

    @Test func staysBrokenAfterAnError() throws {
        var reader = RESPReader()
        var values: [RESPValue] = []
        func feed(_ text: String) throws(RESPError) {
            var buffer = ByteBuffer(string: text)
            try reader.read(&buffer) { values.append($0) }
        }
        #expect(throws: RESPError.self) { try feed(":1\r\n%\r\n") }
        #expect(throws: RESPError.self) { try feed(":2\r\n") }
        #expect(values == [.integer(1)])
    }

    private func read(_ pieces: [[UInt8]]) throws -> [RESPValue] {
        var reader = RESPReader()
        var values: [RESPValue] = []
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            try reader.read(&buffer) { values.append($0) }
            #expect(buffer.readableBytes == 0)
        }
        return values
    }

    private func encoded(_ value: RESPValue) -> [UInt8] {
        switch value {
        case .status(let text): Array("+\(text)\r\n".utf8)
        case .error(let text): Array("-\(text)\r\n".utf8)
        case .integer(let number): Array(":\(number)\r\n".utf8)
        case .string(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        case .array(let elements): Array("*\(elements.count)\r\n".utf8) + elements.flatMap(encoded)
        case .null: Array("$-1\r\n".utf8)
        }
    }

    private func randomValue(depth: Int, _ generator: inout SplitMix) -> RESPValue {
        switch Int.random(in: 0...(depth < 6 ? 6 : 4), using: &generator) {
        case 0: .status("S\(Int.random(in: 0...999, using: &generator))")
        case 1: .error("ERR \(Int.random(in: 0...999, using: &generator))")
        case 2: .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: .null
        case 4:
            .string(
                (0..<Int.random(in: 0...40, using: &generator)).map { _ in .random(in: 0...255, using: &generator) }
            )
        default:
            .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in randomValue(depth: depth + 1, &generator) }
            )
        }
    }
}

/// The same random numbers in each run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
