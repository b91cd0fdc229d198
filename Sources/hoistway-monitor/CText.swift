import CLinux

extension [UInt8] {
    /// These bytes as a C function wants a text: ended by a zero.
    var c: [CChar] { map { CChar(bitPattern: $0) } + [0] }

    init(c text: UnsafePointer<CChar>) {
        self = []
        var position = text
        while position.pointee != 0 {
            append(UInt8(bitPattern: position.pointee))
            position += 1
        }
    }

    mutating func append(error code: Int32) {
        append(contentsOf: [UInt8](c: hw_error_text(code)))
    }
}

/// A literal as a C function wants it.
func c(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// The content of a small file, at most 256 KiB; nil when it cannot be read.
func readFile(_ path: Bytes) -> Bytes? {
    var capacity = 1 << 12
    while true {
        var count: Int64 = 0
        let bytes = Bytes(unsafeUninitializedCapacity: capacity) { room, filled in
            count = hw_read_file(-1, path.c, room.baseAddress, capacity)
            filled = Int(max(0, count))
        }
        guard count >= 0 else { return nil }
        if bytes.count < capacity || capacity == 1 << 18 { return bytes }
        capacity <<= 6
    }
}

/// Writes everything: 0 or a negative errno.
func writeAll(_ fd: Int32, _ bytes: Bytes) -> Int32 {
    bytes.withUnsafeBufferPointer { bytes in
        var written = 0
        while written < bytes.count, let base = bytes.baseAddress {
            let count = hw_write(fd, base + written, bytes.count - written)
            if count < 0 { return Int32(count) }
            written += Int(count)
        }
        return 0
    }
}

/// An array of C texts, ended by NULL, for as long as the object lives.
final class CTextList {
    private let texts: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private var owned: [UnsafeMutablePointer<CChar>] = []

    init(_ values: [Bytes]) {
        texts = .allocate(capacity: values.count + 1)
        for (index, value) in values.enumerated() {
            let text = UnsafeMutablePointer<CChar>.allocate(capacity: value.count + 1)
            for (offset, byte) in value.enumerated() { text[offset] = CChar(bitPattern: byte) }
            text[value.count] = 0
            owned.append(text)
            texts[index] = UnsafePointer(text)
        }
        texts[values.count] = nil
    }

    deinit {
        for text in owned { text.deallocate() }
        texts.deallocate()
    }

    var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(texts) }
}
