import HoistwayModel
import HoistwayStore
import Testing

@testable import Hoistway

/// Logs from the pieces that Redis has of them.
@Suite struct LogPieceTests {
    @Test func piecesBecomeOneChunkUpToAGap() {
        let pieces = [LogPiece(offset: 0, bytes: Array("abc".utf8)), LogPiece(offset: 3, bytes: Array("def".utf8))]
        let all = LogCopy.chunk(of: pieces, attempt: 1, from: 1)
        #expect(all.bytes == Array("bcdef".utf8))
        #expect(all.end == 6)
        #expect(all.gap == nil)
        let holed = [pieces[0], LogPiece(offset: 10, bytes: Array("x".utf8))]
        #expect(LogCopy.chunk(of: holed, attempt: 1, from: 0).end == 3)
        let behind = LogCopy.chunk(of: holed, attempt: 1, from: 3)
        #expect(behind.gap == 3..<10)
        #expect(behind.bytes == Array("x".utf8))
        #expect(LogCopy.chunk(of: [], attempt: 1, from: 7).end == 7)
    }

    @Test func theTailBeginsAtALine() {
        let pieces = [
            LogPiece(offset: 10, bytes: Array("a\nb".utf8)), LogPiece(offset: 13, bytes: Array("c\nd\n".utf8)),
        ]
        #expect(LogCopy.start(ofLast: 1, in: pieces) == 15)
        #expect(LogCopy.start(ofLast: 2, in: pieces) == 12)
        #expect(LogCopy.start(ofLast: 0, in: pieces) == 17)
        #expect(LogCopy.start(ofLast: 3, in: pieces) == nil)
        #expect(LogCopy.start(ofLast: 1, in: []) == nil)
    }

    private func lines(_ chunks: [LogChunk]) -> [LogLine] {
        var splitter = LineSplitter()
        var lines: [LogLine] = []
        for chunk in chunks {
            splitter.append(chunk)
            while let line = splitter.next() { lines.append(line) }
        }
        return lines + [splitter.finish()].compactMap { $0 }
    }

    @Test func linesAreTheSameWhereverTheyAreCut() {
        let time = "2026-01-15T08:00:00.123Z"
        let bytes = Array("\(time) INFO one two\n\(time) WARN \nplain\n\(time) INFO rest".utf8)
        let whole = lines([LogChunk(attempt: 1, offset: 7, bytes: bytes)])
        #expect(whole.map(\.text) == ["one two", "", "plain", "rest"])
        #expect(whole.map(\.level) == ["INFO", "WARN", nil, "INFO"])
        #expect(whole[0].time == Timestamp(parsing: time) && whole[2].time == nil)
        #expect(whole.last?.position == LogPosition(attempt: 1, offset: 7 + bytes.count))
        for cut in 0...bytes.count {
            let parts = [
                LogChunk(attempt: 1, offset: 7, bytes: Array(bytes[..<cut])),
                LogChunk(attempt: 1, offset: 7 + cut, bytes: Array(bytes[cut...])),
            ]
            #expect(lines(parts) == whole)
        }
        for (line, next) in zip(whole, whole.dropFirst()) {
            let rest = bytes[(line.position.offset - 7)...]
            #expect(String(decoding: rest, as: UTF8.self).contains(next.text))
        }
    }

    @Test func gapsAndAttemptsEndALine() {
        let found = lines([
            LogChunk(attempt: 1, offset: 0, bytes: Array("cut".utf8)),
            LogChunk(attempt: 1, offset: 10, bytes: Array("off\nhalf".utf8), gap: 3..<10),
            LogChunk(attempt: 2, offset: 0, bytes: Array("new\n".utf8)),
        ])
        #expect(found.map(\.text) == ["cut", "7 bytes are missing here (3 to 10)", "off", "half", "new"])
        #expect(found.map(\.attempt) == [1, 1, 1, 1, 2])
    }
}
