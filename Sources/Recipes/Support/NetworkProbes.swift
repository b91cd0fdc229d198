import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Whether an address takes a connection.
enum TCPProbe {
    /// - Returns: `nil` when connected, else why not.
    static func connect(_ host: String, port: Int, timeout: Duration) async -> String? {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(TimeAmount(timeout))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return nil
        } catch {
            return "\(host):\(port) does not take connections: \(error)"
        }
    }
}

/// Whether a URL answers a GET with 2xx or 3xx.
enum HTTPProbe {
    /// - Parameter environment: `SSL_CERT_FILE` there adds certificates to trust.
    /// - Returns: `nil` when it does, else what was wrong.
    static func get(_ url: String, timeout: Duration, environment: [String: String]) async -> String? {
        guard let parts = URLParts(url) else { return "\(url) is no URL" }
        let shown = parts.origin + parts.rest
        do {
            let status = try await status(parts, timeout: timeout, environment: environment)
            return (200..<400).contains(status) ? nil : "\(shown) answered \(status)"
        } catch {
            return "\(shown) did not answer: \(error)"
        }
    }

    private static func status(
        _ parts: URLParts,
        timeout: Duration,
        environment: [String: String]
    ) async throws -> UInt {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: UInt.self)
        let tls = parts.scheme == "https" ? try tlsContext(environment) : nil
        let deadline = loop.scheduleTask(in: TimeAmount(timeout)) { promise.fail(ProbeError.timeout) }
        let connecting = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(tlsHandler(tls, host: parts.host)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(StatusReader(request: request(parts), promise: promise))
                }
            }
            .connect(host: parts.host, port: parts.port ?? (parts.scheme == "https" ? 443 : 80))
        connecting.whenFailure { promise.fail($0) }
        defer {
            deadline.cancel()
            connecting.whenSuccess { $0.close(promise: nil) }
        }
        return try await promise.futureResult.get()
    }

    private static func request(_ parts: URLParts) -> HTTPRequestHead {
        let path = parts.rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
        var head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: path.hasPrefix("/") ? String(path) : "/" + path
        )
        let authority = parts.origin.dropFirst(parts.scheme.count + "://".count)
        head.headers.add(name: "Host", value: String(authority))
        head.headers.add(name: "User-Agent", value: "hoistway")
        head.headers.add(name: "Connection", value: "close")
        if let user = parts.userInfo {
            head.headers.add(name: "Authorization", value: "Basic " + Base64.encode(Array(URLParts.decode(user).utf8)))
        }
        return head
    }

    private static func tlsContext(_ environment: [String: String]) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let file = environment["SSL_CERT_FILE"], !file.isEmpty {
            configuration.additionalTrustRoots = [.file(file)]
        }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func tlsHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}

enum ProbeError: Error, CustomStringConvertible {
    case timeout
    case closed

    var description: String {
        switch self {
        case .timeout: "no answer within the timeout"
        case .closed: "the connection was closed"
        }
    }
}

/// Sends one request and keeps the status of its answer.
private final class StatusReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let promise: EventLoopPromise<UInt>

    init(request: HTTPRequestHead, promise: EventLoopPromise<UInt>) {
        self.request = request
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.status.code >= 200 { promise.succeed(head.status.code) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ProbeError.closed)
        context.fireChannelInactive()
    }
}

enum Base64 {
    /// The bytes in base64 with padding (RFC 4648).
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for position in 0..<4 {
                text.append(position <= group.count ? alphabet[bits >> (18 - 6 * position) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
