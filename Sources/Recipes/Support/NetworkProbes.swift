import NIOCore
import NIOHTTP1
import NIOPosix

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
        guard let parts = URLParts(url), let exchange = HTTPExchange(.GET, url) else { return "\(url) is no URL" }
        let shown = parts.origin + parts.rest
        do {
            let status = try await exchange.status(timeout: timeout, certificates: environment["SSL_CERT_FILE"])
            return (200..<400).contains(status) ? nil : "\(shown) answered \(status)"
        } catch {
            return "\(shown) did not answer: \(error)"
        }
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
