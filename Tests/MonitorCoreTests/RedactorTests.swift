import Testing

@testable import MonitorCore

@Suite struct RedactorTests {
    /// What the redactor must do, said the slow way: mark all bytes of all occurrences, make one placeholder of those
    /// that overlap.
    private func oracle(_ text: Bytes, _ secrets: [Bytes]) -> Bytes {
        let needles = secrets.flatMap { [$0] + ($0.lines.count > 1 ? $0.lines : []) }.filter { $0.count >= 4 }
        var occurrences: [Range<Int>] = []
        for start in text.indices {
            let longest = needles.filter { text[start...].starts(with: $0) }.map(\.count).max()
            guard let longest else { continue }
            if let last = occurrences.last, start < last.upperBound {
                occurrences[occurrences.count - 1] = last.lowerBound..<max(last.upperBound, start + longest)
            } else {
                occurrences.append(start..<(start + longest))
            }
        }
        var result: Bytes = []
        var position = 0
        for occurrence in occurrences {
            result += text[position..<occurrence.lowerBound] + placeholder
            position = occurrence.upperBound
        }
        return result + text[position...]
    }

    private func streamed(_ pieces: [Bytes], _ needles: Needles) -> Bytes {
        var redactor = Redactor(capacity: 64)
        var collector = Collector()
        for piece in pieces {
            redactor.buffer.append(piece)
            redactor.drain(needles, isEnd: false, to: &collector)
        }
        redactor.drain(needles, isEnd: true, to: &collector)
        return collector.bytes
    }

    private func needles(_ secrets: [Bytes]) -> Needles {
        let needles = Needles()
        needles.add(secrets)
        return needles
    }

    @Test(arguments: 1...400) func agreesWithTheWholeText(seed: UInt64) {
        var generator = SeededGenerator(seed)
        // A small alphabet makes overlaps, repetitions and false begins likely.
        let alphabet = Bytes("aab\n")
        func random(_ lengths: ClosedRange<Int>) -> Bytes {
            (0..<Int.random(in: lengths, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
        }
        let secrets = (0..<Int.random(in: 1...4, using: &generator)).map { _ in random(4...12) }
        var text: Bytes = []
        for _ in 0..<40 {
            text += random(0...20)
            if Bool.random(using: &generator) { text += secrets.randomElement(using: &generator) ?? [] }
        }
        let expected = oracle(text, secrets)
        let found = needles(secrets)
        #expect(found.redact(text) == expected)
        #expect(streamed(text.pieces(&generator, longest: 7), found) == expected)
        #expect(streamed(text.map { [$0] }, found) == expected)
    }

    @Test(arguments: 1...40) func findsLongSecretsInLongTexts(seed: UInt64) {
        var generator = SeededGenerator(seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789 ".utf8)
        func random(_ count: Int) -> Bytes { (0..<count).map { _ in letters.randomElement(using: &generator) ?? 0 } }
        let secrets = (0..<20).map { _ in random(Int.random(in: 16...300, using: &generator)) }
        var text: Bytes = []
        for secret in secrets.shuffled(using: &generator) {
            text += random(Int.random(in: 0...200, using: &generator)) + secret
            text += secret.prefix(Int.random(in: 1..<secret.count, using: &generator))
        }
        let found = needles(secrets)
        #expect(streamed(text.pieces(&generator, longest: 97), found) == oracle(text, secrets))
    }

    @Test func everySplitOfAShortText() {
        let secrets = [Bytes("secret"), Bytes("retain"), Bytes("first line\nsecond line\nxy")]
        let text = Bytes("a secretain b secre first line\nsecond line\nxy c second line\nfirst line\nx secret")
        let found = needles(secrets)
        let expected = oracle(text, secrets)
        #expect(
            expected.text
                == "a [REDACTED] b secre [REDACTED] c [REDACTED]\n[REDACTED]\nx [REDACTED]"
        )
        for first in text.indices {
            for second in first..<text.count {
                let pieces = [Bytes(text[..<first]), Bytes(text[first..<second]), Bytes(text[second...])]
                #expect(streamed(pieces, found) == expected)
            }
        }
    }

    @Test func longestWinsAndNeighboursStayApart() {
        let found = needles([Bytes("abcd"), Bytes("abcdefgh")])
        #expect(found.redact(Bytes("abcdefgh")).text == "[REDACTED]")
        #expect(found.redact(Bytes("abcdefg")).text == "[REDACTED]efg")
        #expect(found.redact(Bytes("abcdabcd")).text == "[REDACTED][REDACTED]")
    }

    @Test func holdsBackNoMoreThanItMust() {
        var redactor = Redactor(capacity: 64)
        var collector = Collector()
        let found = needles([Bytes("password")])
        redactor.buffer.append(Bytes("an ordinary line\npass"))
        redactor.drain(found, isEnd: false, to: &collector)
        #expect(collector.bytes.text == "an ordinary line\n")
        redactor.buffer.append(Bytes("ing"))
        redactor.drain(found, isEnd: false, to: &collector)
        #expect(collector.bytes.text == "an ordinary line\npassing")
    }

    @Test func ignoresShortSecretsAndShortLines() {
        let found = needles([Bytes("abc"), Bytes("xyz\nlong enough")])
        #expect(found.redact(Bytes("abc xyz long enough")).text == "abc xyz [REDACTED]")
    }

    @Test func learnsSecretsOnTheWay() {
        let found = needles([])
        #expect(found.redact(Bytes("later")).text == "later")
        found.add([Bytes("later")])
        #expect(found.redact(Bytes("later")).text == "[REDACTED]")
        found.add([Bytes("a much longer one"), Bytes("later")])
        #expect(found.redact(Bytes("later, a much longer one")).text == "[REDACTED], [REDACTED]")
    }

    @Test func linesOfASecretMatchWithEitherEnding() {
        let found = needles([Bytes("-----BEGIN KEY\r\nMIIEvQIBADAN\r\n")])
        #expect(found.redact(Bytes("MIIEvQIBADAN\n-----BEGIN KEY\n")).text == "[REDACTED]\n[REDACTED]\n")
    }
}
