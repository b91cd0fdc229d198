#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A zone that cannot be had, for people.
public struct ZoneError: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String
}

extension ZoneRules {
    private static let folders = [
        "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo",
    ]

    /// Reads a zone from the system's tz database (TZif, RFC 8536).
    /// - Parameter name: such as `Europe/Berlin`; `UTC` is always there.
    /// - Throws: `ZoneError` that says whether the name is unknown or the database is missing.
    public init(named name: String) throws(ZoneError) {
        if name == "UTC" {
            self = .utc
            return
        }
        guard ZoneRules.isName(name) else { throw ZoneRules.unknown(name) }
        for folder in ZoneRules.folders {
            guard let bytes = ZoneRules.content(of: "\(folder)/\(name)") else { continue }
            var reader = ZoneReader(bytes: bytes)
            guard let zone = reader.zone(named: name) else { throw ZoneRules.unknown(name) }
            self = zone
            return
        }
        guard ZoneRules.folders.contains(where: { access("\($0)/Europe", R_OK) == 0 }) else {
            throw ZoneError(description: "the time zones are missing on this machine: install the package tzdata")
        }
        throw ZoneRules.unknown(name)
    }

    private static func unknown(_ name: String) -> ZoneError {
        ZoneError(description: "\"\(name)\" is no time zone; use a name such as UTC or Europe/Berlin")
    }

    /// Parts of letters, digits, `_`, `+` and `-` with `/` between them.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 64
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "_+-".utf8.contains(byte)
                    }
            }
    }

    private static func content(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256 * 1024)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress?.advanced(by: count), $0.count - count) }
            guard got > 0 else { return got == 0 ? Array(bytes[..<count]) : nil }
            count += got
        }
        return nil
    }
}

/// Reads the two blocks of a TZif file; the second has times of 64 bits and a rule behind it.
private struct ZoneReader {
    let bytes: [UInt8]
    var index = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private struct Header {
        var version: UInt8
        /// Of UTC/local and standard/wall indicators, leap seconds, times, types and characters.
        var counts: [Int]
        func length(time: Int) -> Int {
            counts[3] * (time + 1) + counts[4] * 6 + counts[5] + counts[2] * (time + 4) + counts[1] + counts[0]
        }
    }

    mutating func zone(named name: String) -> ZoneRules? {
        guard var header = header() else { return nil }
        var time = 4
        if header.version >= UInt8(ascii: "2") {
            index += header.length(time: 4)
            guard let second = self.header() else { return nil }
            header = second
            time = 8
        }
        let block = index
        guard header.counts[4] > 0, block + header.length(time: time) <= bytes.count else { return nil }
        let times = (0..<header.counts[3]).map { integer(at: block + $0 * time, time) }
        let kinds = block + times.count * time
        let types = kinds + times.count
        func offset(of type: Int) -> Int64? {
            type < header.counts[4] ? integer(at: types + type * 6, 4) : nil
        }
        var changes: [ZoneRules.Change] = []
        for (position, at) in times.enumerated() {
            guard let offset = offset(of: Int(bytes[kinds + position])), changes.last.map({ $0.at < at }) ?? true else {
                return nil
            }
            changes.append(ZoneRules.Change(at: at, offset: offset))
        }
        guard let initial = offset(of: 0) else { return nil }
        index = block + header.length(time: time)
        let footer = time == 8 ? self.footer() : ""
        guard footer.isEmpty || PosixZone(parsing: footer) != nil else { return nil }
        return ZoneRules(name: name, initial: initial, changes: changes, rule: PosixZone(parsing: footer))
    }

    private mutating func header() -> Header? {
        guard index + 44 <= bytes.count, bytes[index..<index + 4].elementsEqual("TZif".utf8) else { return nil }
        let counts = (0..<6).map { Int(integer(at: index + 20 + $0 * 4, 4)) }
        guard counts.allSatisfy({ (0..<bytes.count).contains($0) }) else { return nil }
        defer { index += 44 }
        return Header(version: bytes[index + 4], counts: counts)
    }

    /// The text between the two line feeds at the end.
    private func footer() -> String {
        String(decoding: bytes[min(index, bytes.count)...].split(separator: 0x0A).first ?? [], as: UTF8.self)
    }

    /// A signed number, most significant byte first.
    private func integer(at position: Int, _ width: Int) -> Int64 {
        let bits = bytes[position..<position + width].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return width == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
    }
}
