import HoistwayModel
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport

/// What a server answered.
struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }

    /// A header of the answer.
    subscript(header name: String) -> String? { headers.first(name: name) }
    /// A member of the answer's object; null when it is not there.
    subscript(member: String) -> JSON { json[member] ?? .null }
}

/// A request at a time over a connection of its own.
struct HTTPClient: Sendable {
    typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPPart<HTTPRequestHead, ByteBuffer>>

    let port: Int
    var token: String?

    func connect() async throws -> Connection {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(PartTranslator())
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    func head(_ method: String, _ path: String, _ headers: [(String, String)], body: [UInt8]?) -> HTTPRequestHead {
        var all = HTTPHeaders(headers)
        if all["host"].isEmpty { all.add(name: "host", value: "127.0.0.1") }
        if let token, all["authorization"].isEmpty { all.add(name: "authorization", value: "Bearer \(token)") }
        if let body, all["content-length"].isEmpty, all["transfer-encoding"].isEmpty {
            all.add(name: "content-length", value: "\(body.count)")
        }
        return HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: all)
    }

    func send(
        _ method: String,
        _ path: String,
        _ headers: [(String, String)] = [],
        body: [UInt8]? = nil
    ) async throws -> Answer {
        let connection = try await connect()
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head(method, path, headers, body: body)))
            if let body, !body.isEmpty { try await outbound.write(.body(ByteBuffer(bytes: body))) }
            try await outbound.write(.end(nil))
            var answer = Answer(status: 0, headers: [:], body: [])
            for try await part in inbound {
                switch part {
                case .head(let head):
                    answer.status = Int(head.status.code)
                    answer.headers = head.headers
                case .body(let buffer): answer.body += Array(buffer.readableBytesView)
                case .end: return answer
                }
            }
            throw TimedOut(description: "the connection ended before the answer to \(method) \(path)")
        }
    }

    func get(_ path: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send("GET", path, headers)
    }

    func post(_ path: String, _ json: JSON? = nil, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send("POST", path, [("content-type", "application/json")] + headers, body: json?.utf8 ?? [])
    }

    func put(_ path: String, _ json: JSON, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send("PUT", path, [("content-type", "application/json")] + headers, body: json.utf8)
    }

    func delete(_ path: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await send("DELETE", path, headers)
    }

    /// Reads a stream of events until a condition on them holds, or it ends.
    /// - Returns: the events, and whether the server ended the stream.
    @discardableResult
    func events(
        _ path: String,
        lastEventID: String? = nil,
        until isEnough: @Sendable @escaping ([SentEvent]) async throws -> Bool = { _ in false }
    ) async throws -> (events: [SentEvent], isEnded: Bool) {
        let connection = try await connect()
        return try await connection.executeThenClose { inbound, outbound in
            let headers = lastEventID.map { [("last-event-id", $0)] } ?? []
            try await outbound.write(.head(head("GET", path, headers, body: nil)))
            try await outbound.write(.end(nil))
            var parser = EventParser()
            for try await part in inbound {
                switch part {
                case .head(let head):
                    guard head.status == .ok else { throw TimedOut(description: "\(path) answered \(head.status)") }
                case .body(let buffer):
                    parser.append(Array(buffer.readableBytesView))
                    if try await isEnough(parser.events) { return (parser.events, false) }
                case .end: return (parser.events, true)
                }
            }
            return (parser.events, true)
        }
    }
}

/// An event of a stream.
struct SentEvent: Sendable, Equatable {
    var name: String?
    var id: String?
    var data: String
}

struct EventParser: Sendable {
    private var rest: [UInt8] = []
    private(set) var events: [SentEvent] = []

    mutating func append(_ bytes: [UInt8]) {
        rest += bytes
        while let end = rest.firstRange(of: [10, 10]) {
            var event = SentEvent(data: "")
            var data: [String] = []
            for line in String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\n") {
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { data.append(String(line.dropFirst(6))) }
            }
            rest.removeSubrange(..<end.upperBound)
            guard !data.isEmpty else { continue }
            event.data = data.joined(separator: "\n")
            events.append(event)
        }
    }
}

/// Lets requests be written with plain buffers.
private final class PartTranslator: ChannelOutboundHandler {
    typealias OutboundIn = HTTPPart<HTTPRequestHead, ByteBuffer>
    typealias OutboundOut = HTTPClientRequestPart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part: HTTPClientRequestPart =
            switch unwrapOutboundIn(data) {
            case .head(let head): .head(head)
            case .body(let buffer): .body(.byteBuffer(buffer))
            case .end(let trailers): .end(trailers)
            }
        context.write(wrapOutboundOut(part), promise: promise)
    }
}
