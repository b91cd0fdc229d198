import NIOCore

/// Where Redis is and who we are there: `redis://user:password@host:port/db`, `unix:///path?db=0` or `redis+unix://…`.
/// Every part is percent-decoded.
package struct RedisURL: Sendable, Hashable {
    package enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var address: Address
    package var username: String?
    package var password: String?
    package var database: Int

    package init(_ address: Address, username: String? = nil, password: String? = nil, database: Int = 0) {
        self.address = address
        self.username = username
        self.password = password
        self.database = database
    }

    /// Whether it names one place that is always the same: no name that another host may get.
    package var isFixed: Bool {
        switch address {
        case .unix: true
        case .tcp("localhost", _): true
        case .tcp(let host, _): (try? SocketAddress(ipAddress: host, port: 0)) != nil
        }
    }

    /// - Throws: ``RedisError`` with `invalidURL`. Its message never contains the password.
    package init(_ string: String) throws(RedisError) {
        guard let separator = string.firstRange(of: "://") else {
            throw Self.invalid("it has no scheme; write redis://host:port/db or unix:///path")
        }
        let scheme = string[..<separator.lowerBound].lowercased()
        let rest = string[separator.upperBound...]
        guard !rest.contains("#") else { throw Self.invalid("a '#' in it has to be written %23") }
        switch scheme {
        case "redis": try self.init(tcp: rest)
        case "unix", "redis+unix": try self.init(unix: rest)
        case "rediss": throw Self.invalid("rediss:// (TLS) is not supported yet")
        case "redis+sentinel": throw Self.invalid("redis+sentinel:// (Sentinel) is not supported yet")
        default: throw Self.invalid("its scheme is none of redis, unix and redis+unix")
        }
    }

    private init(tcp text: Substring) throws(RedisError) {
        var parts = try Parts(text)
        let (host, port) = try Self.hostAndPort(parts.authority)
        var path = parts.path.dropFirst()
        if path.last == "/" { path = path.dropLast() }
        if !path.isEmpty {
            guard parts.database == nil else { throw Self.invalid("it names the database twice") }
            parts.database = path
        }
        try self.init(.tcp(host: host, port: port), parts)
    }

    private init(unix text: Substring) throws(RedisError) {
        let parts = try Parts(text)
        guard parts.authority.isEmpty else {
            throw Self.invalid("the path of the socket has to be absolute: unix:///path")
        }
        let path = try Self.decoded(parts.path)
        guard path.utf8.count > 1, path.utf8.count <= 107 else {
            throw Self.invalid("the path of a socket has 2 to 107 bytes")
        }
        try self.init(.unix(path: path), parts)
    }

    private init(_ address: Address, _ parts: Parts) throws(RedisError) {
        self.init(address)
        if let database = parts.database {
            guard let number = Int(database), number >= 0 else {
                throw Self.invalid("its database is not a number from 0 on")
            }
            self.database = number
        }
        guard let credentials = parts.credentials else { return }
        guard let colon = credentials.firstIndex(of: ":") else {
            throw Self.invalid("it has a user without a password; a password alone is written redis://:password@host")
        }
        let user = try Self.decoded(credentials[..<colon])
        username = user.isEmpty ? nil : user
        password = try Self.decoded(credentials[credentials.index(after: colon)...])
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` in the place of the password.
    package var description: String {
        let credentials = password == nil ? "" : "\(username ?? ""):***@"
        return switch address {
        case .tcp(let host, let port):
            "redis://\(credentials)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .unix(let path):
            "unix://\(credentials)\(path)?db=\(database)"
        }
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension RedisURL.Address: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): path
        }
    }
}

extension RedisURL {
    /// The text behind `://`, cut but not decoded.
    private struct Parts {
        var credentials: Substring?
        var authority: Substring
        var path: Substring
        var database: Substring?

        init(_ text: Substring) throws(RedisError) {
            let query = text.firstIndex(of: "?")
            let front = text[..<(query ?? text.endIndex)]
            let slash = front.firstIndex(of: "/") ?? front.endIndex
            authority = front[..<slash]
            path = front[slash...]
            if let at = authority.lastIndex(of: "@") {
                credentials = authority[..<at]
                authority = authority[authority.index(after: at)...]
            }
            guard let query else { return }
            for item in text[text.index(after: query)...].split(separator: "&") {
                guard item.hasPrefix("db="), database == nil else {
                    throw RedisURL.invalid("its query may only say db=NUMBER, once")
                }
                database = item.dropFirst(3)
            }
        }
    }

    private static func hostAndPort(_ authority: Substring) throws(RedisError) -> (String, Int) {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { throw invalid("its address lacks a ']'") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw invalid("its port is not a number") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw invalid("it names no host") }
        let name = try decoded(host)
        guard let port else { return (name, 6379) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw invalid("its port is not a number from 1 to 65535")
        }
        return (name, number)
    }

    private static func decoded(_ text: Substring) throws(RedisError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                throw invalid("a '%' in it is not followed by two hexadecimal digits")
            }
            bytes.append(high << 4 | low)
        }
        guard let string = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw invalid("a part of it is not UTF-8 text")
        }
        return string
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }

    private static func invalid(_ reason: String) -> RedisError {
        RedisError(.invalidURL, "the Redis URL is not valid: \(reason)")
    }
}
