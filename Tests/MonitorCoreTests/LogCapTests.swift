import Testing

@testable import MonitorCore

/// A log in memory that does what the plan says, and notices when the plan breaks its promises.
private struct Disk {
    var cap: LogCap
    var head: Bytes = []
    var segments: [(offset: Int64, bytes: Bytes)] = []
    var most = 0

    init(maximum: Int64) { cap = LogCap(maximum: maximum) }

    mutating func write(_ text: Bytes) {
        var rest = text[...]
        while !rest.isEmpty {
            let step = Bytes(rest).withUnsafeBufferPointer { cap.plan($0) }
            #expect(step.count > 0 && step.count <= rest.count)
            for offset in step.drop {
                #expect(segments.first?.offset == offset)
                segments.removeFirst()
            }
            switch step.target {
            case .head:
                #expect(segments.isEmpty)
                head += rest.prefix(step.count)
            case .segment(let offset):
                if step.isNew { segments.append((offset, [])) }
                #expect(segments.last?.offset == offset)
                segments[segments.count - 1].bytes += rest.prefix(step.count)
            }
            rest = rest.dropFirst(step.count)
            most = max(most, head.count + segments.reduce(0) { $0 + $1.bytes.count })
        }
    }

    var tail: Bytes { segments.flatMap(\.bytes) }
}

@Suite struct LogCapTests {
    private func line(_ number: Int, _ length: Int) -> Bytes {
        let digits = Array(String(number).utf8)
        return Bytes(repeating: UInt8(ascii: "."), count: max(0, length - digits.count - 1)) + digits + [0x0A]
    }

    @Test(arguments: [1024, 1025, 2047, 4096, 10_000], [2, 10, 63, 128, 129, 500])
    func keepsHeadAndTail(maximum: Int64, length: Int) {
        var disk = Disk(maximum: maximum)
        var all: Bytes = []
        for number in 0..<(Int(maximum) * 4 / length) {
            let text = line(number, length)
            all += text
            disk.write(text)
            #expect(disk.cap.total == Int64(all.count))
            #expect(disk.head == Bytes(all.prefix(disk.head.count)))
            #expect(disk.tail == Bytes(all.suffix(disk.tail.count)))
            #expect(disk.most + Int(LogCap.markerRoom) <= maximum || all.count <= maximum / 2)
        }
        #expect(disk.most <= maximum)
        #expect(disk.cap.gap == LogCap.Gap(from: Int64(disk.head.count), to: Int64(all.count - disk.tail.count)))
        #expect(disk.tail.count >= maximum / 8)
        #expect(disk.cap.segments.map(\.offset) == disk.segments.map(\.offset))
    }

    @Test func cutsBetweenLinesWhereLinesFit() {
        var disk = Disk(maximum: 4096)
        var generator = SeededGenerator(3)
        let all = (0..<2000).flatMap { line($0, Int.random(in: 6...400, using: &generator)) }
        for piece in all.pieces(&generator, longest: 3000) {
            // Lines come whole: a batch ends with a line feed.
            disk.write(piece.last == 0x0A ? piece : piece + [0x0A])
        }
        #expect(disk.head.last == 0x0A)
        #expect(disk.cap.headEndsLine)
        for segment in disk.segments { #expect(segment.bytes.last == 0x0A) }
    }

    /// Below, at and above each boundary.
    @Test(arguments: [511, 512, 513, 831, 832, 833, 1023, 1024, 1025])
    func boundaries(size: Int) {
        var disk = Disk(maximum: 1024)
        let all = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        for byte in all { disk.write([byte]) }
        #expect(disk.most <= 1024 - Int(LogCap.markerRoom))
        if size <= 832 {
            #expect(disk.cap.gap == nil)
            #expect(disk.head + disk.tail == all)
        } else {
            #expect(disk.cap.gap?.from == 512)
            let resumed = Int(disk.cap.gap?.to ?? 0)
            #expect(disk.head == Bytes(all[..<512]))
            #expect(disk.tail == Bytes(all[resumed...]))
        }
    }

    @Test func aLineLongerThanTheHeadIsCut() {
        var disk = Disk(maximum: 1024)
        disk.write(line(1, 5000))
        #expect(disk.head.count == 512)
        #expect(!disk.cap.headEndsLine)
        #expect(disk.most <= 1024 - Int(LogCap.markerRoom))
    }

    @Test func withoutALimitEverythingStays() {
        var disk = Disk(maximum: 0)
        for number in 0..<1000 { disk.write(line(number, 100)) }
        #expect(disk.head.count == 100_000)
        #expect(disk.cap.gap == nil)
        #expect(disk.segments.isEmpty)
    }

    @Test func whatWasNotWrittenIsTakenBack() {
        var disk = Disk(maximum: 1024)
        disk.write(line(1, 500))
        disk.cap.takeBack(500)
        #expect(disk.cap.total == 0)
        #expect(disk.cap.head == 0)
    }
}
