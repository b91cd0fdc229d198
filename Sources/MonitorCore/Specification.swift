/// What the worker tells the monitor about an attempt: records of a tag, a length and bytes, little endian.
package struct Specification: Equatable {
    package var folder: Bytes = []
    package var executable: Bytes = []
    package var arguments: [Bytes] = []
    package var environment: [Bytes] = []
    package var workingFolder: Bytes = []
    package var input: Bytes = []
    package var log: Bytes = []
    package var logMaximum: Int64 = 0
    /// Durations in milliseconds, 0: none.
    package var timeout: Int64 = 0
    package var idleTimeout: Int64 = 0
    package var killGrace: Int64 = 10_000
    package var lease: Int64 = 0
    /// When the lease began, in ms of CLOCK_BOOTTIME; 0: now.
    package var leaseFrom: Int64 = 0
    /// How much sooner than its lease the attempt ends.
    package var leaseReserve: Int64 = 0
    package var secrets: [Bytes] = []
    /// -1: kept.
    package var uid: Int64 = -1
    package var gid: Int64 = -1
    package var groups: [UInt32] = []
    package var cgroup: Bytes = []
    /// Limits of what runs; 0: none.
    package var memory: Int64 = 0
    package var processes: Int64 = 0
    /// In thousandths of a CPU.
    package var cpu: Int64 = 0
    package var workspace: Bytes = []
    package var label: Bytes = []
    package var firstLines: [Bytes] = []

    private static let version: UInt32 = 1
    /// Larger numbers mean this one, so that no sum of a time and a duration overflows.
    package static let longest: Int64 = 1 << 52

    /// Nil when the bytes are cut off, of another version, hold a number that is none, or name no folder, log or
    /// executable.
    package init?(_ bytes: Bytes) {
        var position = 0
        guard let version = Self.number(bytes, &position, size: 4), version == Self.version else { return nil }
        while position < bytes.count {
            guard let tag = Self.number(bytes, &position, size: 2),
                let length = Self.number(bytes, &position, size: 4),
                Int(length) <= bytes.count - position
            else { return nil }
            let value = Bytes(bytes[position..<(position + Int(length))])
            position += Int(length)
            guard take(tag, value) else { return nil }
        }
        guard !folder.isEmpty, !executable.isEmpty, !log.isEmpty else { return nil }
        if arguments.isEmpty { arguments = [executable] }
    }

    private mutating func take(_ tag: UInt32, _ value: Bytes) -> Bool {
        switch tag {
        case 1: folder = value
        case 2: executable = value
        case 3: arguments.append(value)
        case 4: environment.append(value)
        case 5: workingFolder = value
        case 6: input = value
        case 7: log = value
        case 8: return Self.set(&logMaximum, value)
        case 9: return Self.set(&timeout, value)
        case 10: return Self.set(&idleTimeout, value)
        case 11: return Self.set(&killGrace, value)
        case 12: return Self.set(&lease, value)
        case 13: secrets.append(value)
        case 14: return Self.set(&uid, value)
        case 15: return Self.set(&gid, value)
        case 16:
            guard let group = value.decimal, let group = UInt32(exactly: group) else { return false }
            groups.append(group)
        case 17: cgroup = value
        case 18: workspace = value
        case 19: label = value
        case 20: firstLines.append(value)
        case 21: return Self.set(&leaseFrom, value)
        case 22: return Self.set(&memory, value)
        case 23: return Self.set(&processes, value)
        case 24: return Self.set(&cpu, value)
        case 25: return Self.set(&leaseReserve, value)
        default: break
        }
        return true
    }

    private static func set(_ target: inout Int64, _ value: Bytes) -> Bool {
        guard let number = value.decimal, number >= 0 else { return false }
        target = Swift.min(number, longest)
        return true
    }

    private static func number(_ bytes: Bytes, _ position: inout Int, size: Int) -> UInt32? {
        guard position + size <= bytes.count else { return nil }
        var value: UInt32 = 0
        for index in (0..<size).reversed() { value = value << 8 | UInt32(bytes[position + index]) }
        position += size
        return value
    }
}
