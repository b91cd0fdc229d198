import Testing

@testable import MonitorCore

@Suite struct LineAssemblerTests {
    private let stamp = "2026-01-15T08:00:00.123Z INFO "
    private let moment: Int64 = 1_768_464_000_123

    private func assembled(_ pieces: [Bytes]) -> Bytes {
        var lines = LineAssembler(level: "INFO")
        lines.setTime(moment)
        for piece in pieces { piece.withUnsafeBufferPointer { lines.text($0) } }
        lines.finish()
        return Bytes(lines.output.bytes)
    }

    /// The texts of the lines, without stamp and level.
    private func texts(_ pieces: [Bytes]) throws -> [String] {
        // In bytes: a combining character would hide the space before it.
        var lines = assembled(pieces).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.popLast() == [])
        return try lines.map { line in
            try #require(line.starts(with: stamp.utf8))
            return Bytes(line.dropFirst(stamp.utf8.count)).text
        }
    }

    @Test func everySplitGivesTheSameLines() throws {
        let text = Bytes("one\r\ntwo\n\nb\rc\r\r\nlast \u{20AC} line, which has no end")
        let expected = ["one", "two", "", "b\u{FFFD}c\u{FFFD}", "last \u{20AC} line, which has no end"]
        #expect(try texts([text]) == expected)
        for split in text.indices {
            #expect(try texts([Bytes(text[..<split]), Bytes(text[split...])]) == expected)
        }
        #expect(try texts(text.map { [$0] }) == expected)
    }

    @Test func nothingGivesNothing() throws {
        #expect(try texts([]) == [])
        #expect(try texts([[]]) == [])
    }

    @Test(arguments: [65_535, 65_536, 65_537, 131_072, 131_073, 200_000], ["", "\n", "\r\n"])
    func longLinesAreSplit(length: Int, ending: String) throws {
        let text = Bytes(repeating: UInt8(ascii: "x"), count: length) + Bytes(text: ending)
        var expected: [String] = []
        var rest = length
        while rest > 0 {
            expected.append(String(repeating: "x", count: min(rest, 65_536)))
            rest -= 65_536
        }
        #expect(try texts([text]) == expected)
        var generator = SeededGenerator(7)
        #expect(try texts(text.pieces(&generator, longest: 50_000)) == expected)
    }

    @Test(arguments: 0..<4) func longLinesAreSplitBetweenCharacters(offset: Int) throws {
        let text = String(repeating: "a", count: offset) + String(repeating: "\u{1F680}", count: 20_000)
        let found = try texts([Bytes(text: text)])
        #expect(found.count == 2)
        #expect(found.joined() == text)
        #expect(found[0].utf8.count == 65_536 - (65_536 - offset) % 4)
    }

    @Test func placeholdersAreNeverCut() throws {
        var lines = LineAssembler(level: "INFO")
        lines.setTime(moment)
        let text = Bytes(repeating: UInt8(ascii: "x"), count: 65_530)
        text.withUnsafeBufferPointer { lines.text($0) }
        lines.redacted()
        lines.finish()
        let found = Bytes(lines.output.bytes).text.split(separator: "\n")
        #expect(found.map { $0.count - stamp.count } == [65_530, placeholder.count])
    }

    @Test func whatIsNoTextIsReplaced() throws {
        let text = Bytes("a") + [0xFF] + Bytes("b") + [0x00, 0x07, 0x7F] + Bytes("\tc\u{1B}[31m") + [0xE2, 0x82]
        #expect(try texts([text]) == ["a\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}\tc\u{1B}[31m\u{FFFD}"])
    }

    /// Swift's own decoder is the oracle.
    @Test(arguments: 1...300) func replacesAsEverybodyDoes(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let likely: Bytes = [0x41, 0x80, 0xBF, 0xC1, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xEF]
        let text = (0..<40).map { _ in likely.randomElement(using: &generator) ?? 0 }
        #expect(text.repaired.text == String(decoding: text, as: UTF8.self))
        #expect(try texts([text]) == [String(decoding: text, as: UTF8.self)])
        #expect(try texts(text.map { [$0] }) == [String(decoding: text, as: UTF8.self)])
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_768_464_000_123, "2026-01-15T08:00:00.123Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (1_735_689_599_007, "2024-12-31T23:59:59.007Z"),
    ])
    func momentsAreWritten(milliseconds: Int64, expected: String) {
        var text: Bytes = []
        text.append(timestamp: milliseconds)
        #expect(text.text == expected)
    }
}
