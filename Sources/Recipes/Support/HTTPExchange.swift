import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request over HTTP/1.1 and the status of its answer. Redirects are not followed; the connection is closed.
package struct HTTPExchange: Sendable {
    private let parts: URLParts
    private let method: HTTPMethod
    private let headers: [(String, String)]
    private let body: [UInt8]

    /// - Parameter url: `http` or `https`; a user in it becomes the header `Authorization`.
    /// - Returns: `nil` for a text that is no such URL.
    package init?(post body: [UInt8], to url: String, headers: [(String, String)]) {
        self.init(.POST, url, headers: headers, body: body)
    }

    init?(_ method: HTTPMethod, _ url: String, headers: [(String, String)] = [], body: [UInt8] = []) {
        guard let parts = URLParts(url), ["http", "https"].contains(parts.scheme), !parts.host.isEmpty else {
            return nil
        }
        self.parts = parts
        self.method = method
        self.headers = headers
        self.body = body
    }

    /// The URL without what may be secret in it: user, query and fragment.
    package var shown: String {
        parts.origin + (parts.rest.split(omittingEmptySubsequences: false) { $0 == "?" || $0 == "#" }.first ?? "")
    }

    /// Sends the request.
    /// - Parameters:
    ///   - timeout: for all of it.
    ///   - certificates: a file of certificates to trust beside those of the system.
    /// - Throws: what kept the answer from coming, such as a certificate that is not trusted.
    package func status(timeout: Duration, certificates: String?) async throws -> UInt {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: UInt.self)
        let tls = parts.scheme == "https" ? try HTTPExchange.tlsContext(certificates) : nil
        let deadline = loop.scheduleTask(in: TimeAmount(timeout)) { promise.fail(HTTPExchangeError.timeout) }
        let (host, head, body) = (parts.host, head, body)
        let connecting = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(HTTPExchange.tlsHandler(tls, host: host)) }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(StatusReader(head: head, body: body, promise: promise))
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

    private var head: HTTPRequestHead {
        let path = parts.rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
        var head = HTTPRequestHead(
            version: .http1_1,
            method: method,
            uri: path.hasPrefix("/") ? String(path) : "/" + path
        )
        let authority = parts.origin.dropFirst(parts.scheme.count + "://".count)
        head.headers.add(name: "Host", value: String(authority))
        head.headers.add(name: "User-Agent", value: "hoistway")
        head.headers.add(name: "Connection", value: "close")
        if method == .POST { head.headers.add(name: "Content-Length", value: String(body.count)) }
        if let user = parts.userInfo {
            head.headers.add(name: "Authorization", value: "Basic " + Base64.encode(Array(URLParts.decode(user).utf8)))
        }
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        return head
    }

    private static func tlsContext(_ certificates: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let certificates, !certificates.isEmpty { configuration.additionalTrustRoots = [.file(certificates)] }
        return try NIOSSLContext(configuration: configuration)
    }

    private static func tlsHandler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }
}

enum HTTPExchangeError: Error, CustomStringConvertible {
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

    private let head: HTTPRequestHead
    private let body: [UInt8]
    private let promise: EventLoopPromise<UInt>

    init(head: HTTPRequestHead, body: [UInt8], promise: EventLoopPromise<UInt>) {
        self.head = head
        self.body = body
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
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
        promise.fail(HTTPExchangeError.closed)
        context.fireChannelInactive()
    }
}
