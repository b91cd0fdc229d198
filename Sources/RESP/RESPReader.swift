import CHiredis
import NIOCore

/// What the peer sent is not the protocol. The connection is of no further use.
package struct RESPError: Error, Equatable {
    package let message: String
}

/// Reads replies out of a stream of bytes that may be cut anywhere, by hiredis's reader.
package struct RESPReader: ~Copyable {
    /// hiredis moves what is left of its buffer after each reply, which is only cheap while the buffer is small.
    private static let sliceSize = 16 * 1024
    /// hiredis counts its buffer by `int` in places, and Redis itself sends no string over 512 MiB.
    private static let largestBuffer = 1 << 30

    private let reader: UnsafeMutablePointer<redisReader>
    private let builder: ReplyBuilder

    package init() {
        guard let reader = redisReaderCreateWithFunctions(ReplyBuilder.functions) else {
            fatalError("no memory for a reply reader")
        }
        builder = ReplyBuilder()
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
        reader.pointee.maxbuf = 0
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Hands every reply that `buffer` completes to `body`, in order. Consumes the buffer.
    package mutating func read(_ buffer: inout ByteBuffer, _ body: (RESPValue) -> Void) throws(RESPError) {
        while buffer.readableBytes > 0 {
            let count = min(buffer.readableBytes, Self.sliceSize)
            let fed = buffer.readWithUnsafeReadableBytes { bytes in
                (count, redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), count))
            }
            guard fed == REDIS_OK, reader.pointee.len < Self.largestBuffer else { throw failure() }
            while let value = try next() {
                body(value)
            }
        }
    }

    private mutating func next() throws(RESPError) -> RESPValue? {
        var handle: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &handle) == REDIS_OK else { throw failure() }
        return handle == nil ? nil : builder.take()
    }

    private func failure() -> RESPError {
        guard reader.pointee.err != 0 else { return RESPError(message: "the reply is too large") }
        let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return RESPError(message: text)
    }
}

/// Puts together what hiredis reports. Elements come depth first, so a stack of unfinished arrays is all that is kept.
private final class ReplyBuilder {
    private struct Unfinished {
        var elements: [RESPValue]
        var missing: Int
    }

    /// No more room than this is made ahead for what a peer merely announced.
    private static let largestReservation = 1024

    private var arrays: [Unfinished] = []
    private var root: RESPValue?

    func take() -> RESPValue? {
        defer { root = nil }
        return root
    }

    func add(_ value: RESPValue) {
        var value = value
        while var top = arrays.popLast() {
            top.elements.append(value)
            top.missing -= 1
            guard top.missing == 0 else {
                arrays.append(top)
                return
            }
            value = .array(top.elements)
        }
        root = value
    }

    func open(count: Int) {
        guard count > 0 else { return add(.array([])) }
        var array = Unfinished(elements: [], missing: count)
        array.elements.reserveCapacity(min(count, Self.largestReservation))
        arrays.append(array)
    }

    private static func of(_ task: UnsafePointer<redisReadTask>?) -> ReplyBuilder? {
        task?.pointee.privdata.map { Unmanaged<ReplyBuilder>.fromOpaque($0).takeUnretainedValue() }
    }

    /// hiredis wants an object for each reply and takes null for out of memory; the values live in the builder.
    private static var handle: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }

    /// The reader keeps the pointer, so the table lives as long as the process.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let table = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        table.initialize(
            to: redisReplyObjectFunctions(
                createString: { task, text, length in
                    let bytes = UnsafeRawBufferPointer(start: text, count: length)
                    let value: RESPValue =
                        switch task?.pointee.type {
                        case REDIS_REPLY_ERROR: .error(String(decoding: bytes, as: UTF8.self))
                        case REDIS_REPLY_STATUS: .status(String(decoding: bytes, as: UTF8.self))
                        default: .string(Array(bytes))
                        }
                    ReplyBuilder.of(task)?.add(value)
                    return ReplyBuilder.handle
                },
                createArray: { task, count in
                    ReplyBuilder.of(task)?.open(count: Int(count))
                    return ReplyBuilder.handle
                },
                createInteger: { task, number in
                    ReplyBuilder.of(task)?.add(.integer(number))
                    return ReplyBuilder.handle
                },
                createNil: { task in
                    ReplyBuilder.of(task)?.add(.null)
                    return ReplyBuilder.handle
                },
                freeObject: { _ in }
            )
        )
        return table
    }()
}
