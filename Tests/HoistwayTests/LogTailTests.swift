import Testing

@testable import Hoistway

/// The newest lines of a log of which parts may be missing.
@Suite(.timeLimit(.minutes(1))) struct LogTailTests {
    /// A log of which some stretches are there.
    private struct SparseLog: LogReading {
        var stretches: [LogChunk]
        /// Whether it tells from where on something is missing, as files do; else it is asked for the end of what is kept.
        var knowsGaps: Bool
        var pieceSize: Int

        func read(from offset: Int) async throws -> LogChunk {
            guard let index = stretches.firstIndex(where: { $0.end > offset }) else {
                return LogChunk(attempt: 1, offset: offset)
            }
            let stretch = stretches[index]
            var chunk = LogChunk(attempt: 1, offset: max(offset, stretch.offset))
            chunk.bytes = Array(stretch.bytes[(chunk.offset - stretch.offset)...].prefix(pieceSize))
            if chunk.offset > offset {
                let before = index == 0 ? 0 : stretches[index - 1].end
                chunk.gap = (knowsGaps ? before : offset)..<chunk.offset
            }
            return chunk
        }

        func offset(ofLast lines: Int) async throws -> Int { stretches.last?.end ?? 0 }

        func keptEnd(before offset: Int) async throws -> Int {
            knowsGaps ? offset : stretches.last { $0.end <= offset }?.end ?? 0
        }
    }

    /// SplitMix64, so that a failure can be run again.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private func log(_ stretches: (Int, String)...) -> SparseLog {
        let chunks = stretches.map { LogChunk(attempt: 1, offset: $0.0, bytes: Array($0.1.utf8)) }
        return SparseLog(stretches: chunks, knowsGaps: true, pieceSize: 1 << 20)
    }

    /// The pieces of an answer: `[from-to]` for what is missing, then the text.
    private func text(_ tail: LogTail) -> String {
        tail.chunks.map { chunk in
            let gap = chunk.gap.map { "[\($0.lowerBound)-\($0.upperBound)]" } ?? ""
            return gap + String(decoding: chunk.bytes, as: UTF8.self)
        }.joined()
    }

    @Test func theNewestLines() async throws {
        let whole = log((0, "one\ntwo\n\nfour"))
        #expect(text(try await whole.tail(lines: 0, bytes: 100)) == "")
        #expect(text(try await whole.tail(lines: 1, bytes: 100)) == "four")
        #expect(text(try await whole.tail(lines: 2, bytes: 100)) == "\nfour")
        #expect(text(try await whole.tail(lines: 4, bytes: 100)) == "one\ntwo\n\nfour")
        #expect(text(try await whole.tail(lines: 9, bytes: 100)) == "one\ntwo\n\nfour")
        #expect(try await whole.tail(lines: 1, bytes: 100).end == 13)
        #expect(text(try await log().tail(lines: 9, bytes: 100)) == "")
    }

    @Test func whatHasNoRoomIsTold() async throws {
        let whole = log((0, "one\ntwo\nthree\n"))
        #expect(text(try await whole.tail(lines: 3, bytes: 13)) == "[0-4]two\nthree\n")
        #expect(text(try await whole.tail(lines: 2, bytes: 7)) == "[4-8]three\n")
        #expect(text(try await whole.tail(lines: 2, bytes: 4)) == "[4-10]ree\n")
    }

    @Test func linesCountOnBothSidesOfAGap() async throws {
        let capped = log((0, "one\ntwo\n"), (1000, "three\nfour\n"))
        #expect(text(try await capped.tail(lines: 2, bytes: 100)) == "three\nfour\n")
        #expect(text(try await capped.tail(lines: 3, bytes: 100)) == "two\n[8-1000]three\nfour\n")
        #expect(text(try await capped.tail(lines: 9, bytes: 100)) == "one\ntwo\n[8-1000]three\nfour\n")
        #expect(text(try await capped.tail(lines: 4, bytes: 12)) == "[0-1000]three\nfour\n")
        let late = log((500, "two\n"))
        #expect(text(try await late.tail(lines: 1, bytes: 100)) == "two\n")
        #expect(text(try await late.tail(lines: 2, bytes: 100)) == "[0-500]two\n")
    }

    @Test func whereTheNewestLinesBegin() async throws {
        let capped = log((0, "one\ntwo\n"), (1000, "three\nfour\n"))
        for (lines, begin) in [(0, 1011), (1, 1006), (2, 1000), (3, 4), (4, 0), (9, 0)] {
            #expect(try await capped.begin(ofLast: lines) == begin, "\(lines)")
        }
        #expect(try await log((500, "two\n")).begin(ofLast: 2) == 0)
    }

    /// Logs of many windows, against a count from the beginning.
    @Test(arguments: 0..<8) func anyLogAnyLimit(seed: UInt64) async throws {
        var random = Seeded(state: seed)
        var stretches: [LogChunk] = []
        var place = 0
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            place += Bool.random(using: &random) ? Int.random(in: 1...3_000_000, using: &random) : 0
            var bytes: [UInt8] = []
            let size = Int.random(in: 1...100_000, using: &random)
            while bytes.count < size {
                bytes += [UInt8](repeating: 120, count: Int.random(in: 0...3000, using: &random))
                if Int.random(in: 0..<20, using: &random) > 0 { bytes.append(10) }
            }
            if let last = stretches.last, last.end == place {
                stretches[stretches.count - 1].bytes += bytes
            } else {
                stretches.append(LogChunk(attempt: 1, offset: place, bytes: bytes))
            }
            place = stretches.last?.end ?? 0
        }
        let log = SparseLog(
            stretches: stretches,
            knowsGaps: seed % 2 == 0,
            pieceSize: Int.random(in: 100...300_000, using: &random)
        )
        for _ in 0..<4 {
            let lines = Int.random(in: 1...300, using: &random)
            let most = Int.random(in: 30_000...600_000, using: &random)
            let tail = try await log.tail(lines: lines, bytes: most)
            #expect(joined(tail.chunks) == expected(log, lines: lines, most: most), "\(lines) lines, \(most) bytes")
            #expect(tail.end == place)
        }
    }

    /// The pieces with those joined that follow upon each other.
    private func joined(_ chunks: [LogChunk]) -> [LogChunk] {
        var joined: [LogChunk] = []
        for chunk in chunks {
            if chunk.gap == nil, !joined.isEmpty {
                joined[joined.count - 1].bytes += chunk.bytes
            } else {
                joined.append(chunk)
            }
        }
        return joined
    }

    private func expected(_ log: SparseLog, lines: Int, most: Int) -> [LogChunk] {
        var begins: [(offset: Int, bytes: Int)] = []
        var behind = log.stretches.reduce(0) { $0 + $1.bytes.count }
        for stretch in log.stretches {
            begins.append((stretch.offset, behind))
            for (index, byte) in stretch.bytes.enumerated().dropLast() where byte == 10 {
                begins.append((stretch.offset + index + 1, behind - index - 1))
            }
            behind -= stretch.bytes.count
        }
        let wanted = begins.suffix(lines)
        var reached = lines > begins.count ? 0 : wanted.first?.offset ?? 0
        guard let first = wanted.first(where: { $0.bytes <= most }) else { return [] }
        var chunks: [LogChunk] = []
        for stretch in log.stretches where stretch.end > first.offset {
            let cut = max(0, first.offset - stretch.offset)
            let offset = stretch.offset + cut
            let gap = reached < offset ? reached..<offset : nil
            chunks.append(LogChunk(attempt: 1, offset: offset, bytes: Array(stretch.bytes[cut...]), gap: gap))
            reached = stretch.end
        }
        return chunks
    }
}
