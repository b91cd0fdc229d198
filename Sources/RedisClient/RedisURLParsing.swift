extension RedisURL {
    /// - Throws: ``RedisError`` with `invalidURL`. Its message never contains a password.
    package init(_ string: String) throws(RedisError) {
        guard let separator = string.firstRange(of: "://") else {
            throw Self.invalid("it has no scheme; write redis://host:port/db or unix:///path")
        }
        let scheme = string[..<separator.lowerBound].lowercased()
        let rest = string[separator.upperBound...]
        guard !rest.contains("#") else { throw Self.invalid("a '#' in it has to be written %23") }
        switch scheme {
        case "redis": try self.init(tcp: try Parts(rest, ["db"]))
        case "rediss": try self.init(tcp: try Parts(rest, ["db"] + TLS.names), overTLS: true)
        case "unix", "redis+unix": try self.init(unix: try Parts(rest, ["db"]))
        case "redis+sentinel": try self.init(sentinels: try Parts(rest, ["db"] + Sentinels.names))
        case "rediss+sentinel":
            try self.init(sentinels: try Parts(rest, ["db"] + Sentinels.names + TLS.names), overTLS: true)
        default:
            throw Self.invalid(
                "its scheme is none of redis, rediss, unix, redis+unix, redis+sentinel and rediss+sentinel"
            )
        }
    }

    private init(tcp parts: Parts, overTLS: Bool = false) throws(RedisError) {
        var parts = parts
        let address = try Self.address(parts.authority, port: 6379)
        let path = parts.name
        if !path.isEmpty {
            guard parts.query["db"] == nil else { throw Self.invalid("it names the database twice") }
            parts.query["db"] = try Self.decoded(path)
        }
        self.init(address)
        try take(parts, overTLS: overTLS)
    }

    private init(unix parts: Parts) throws(RedisError) {
        guard parts.authority.isEmpty else {
            throw Self.invalid("the path of the socket has to be absolute: unix:///path")
        }
        let path = try Self.decoded(parts.path)
        guard path.utf8.count > 1, path.utf8.count <= 107 else {
            throw Self.invalid("the path of a socket has 2 to 107 bytes")
        }
        self.init(.unix(path: path))
        try take(parts, overTLS: false)
    }

    private init(sentinels parts: Parts, overTLS: Bool = false) throws(RedisError) {
        var addresses: [Address] = []
        for host in parts.authority.split(separator: ",", omittingEmptySubsequences: false) {
            addresses.append(try Self.address(host, port: 26379))
        }
        let master = try Self.decoded(parts.name)
        guard !master.isEmpty, !master.contains("/") else {
            throw Self.invalid("it does not name the master: redis+sentinel://host:26379,host:26379/mymaster")
        }
        self.init(addresses[0])
        sentinels = Sentinels(
            addresses,
            master: master,
            username: parts.query["sentinelUser"],
            password: parts.query["sentinelPassword"]
        )
        guard sentinels?.username == nil || sentinels?.password != nil else {
            throw Self.invalid("sentinelUser needs a sentinelPassword")
        }
        try take(parts, overTLS: overTLS)
    }

    /// What every kind of URL may say besides the place.
    private mutating func take(_ parts: Parts, overTLS: Bool) throws(RedisError) {
        if let text = parts.query["db"] {
            guard let number = Int(text), number >= 0 else {
                throw Self.invalid("its database is not a number from 0 on")
            }
            database = number
        }
        if overTLS {
            tls = TLS(authorities: parts.query["ca"], certificate: parts.query["cert"], key: parts.query["key"])
            guard (tls?.certificate == nil) == (tls?.key == nil) else {
                throw Self.invalid("cert and key go together")
            }
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

extension RedisURL.TLS {
    fileprivate static let names = ["ca", "cert", "key"]
}

extension RedisURL.Sentinels {
    fileprivate static let names = ["sentinelUser", "sentinelPassword"]
}

extension RedisURL {
    /// The text behind `://`. Only the query is decoded.
    fileprivate struct Parts {
        var credentials: Substring?
        var authority: Substring
        var path: Substring
        var query: [String: String] = [:]

        /// - Parameter names: what the query may say.
        init(_ text: Substring, _ names: [String]) throws(RedisError) {
            let mark = text.firstIndex(of: "?")
            let front = text[..<(mark ?? text.endIndex)]
            let slash = front.firstIndex(of: "/") ?? front.endIndex
            authority = front[..<slash]
            path = front[slash...]
            if let at = authority.lastIndex(of: "@") {
                credentials = authority[..<at]
                authority = authority[authority.index(after: at)...]
            }
            guard let mark else { return }
            for item in text[text.index(after: mark)...].split(separator: "&") {
                let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = String(pair[0])
                guard pair.count == 2, names.contains(name), query[name] == nil else {
                    let known = names.map { "\($0)=…" }.joined(separator: ", ")
                    throw RedisURL.invalid("its query may only say \(known), each once")
                }
                query[name] = try RedisURL.decoded(pair[1])
            }
        }

        /// The path without its slashes at both ends.
        var name: Substring {
            let name = path.dropFirst()
            return name.last == "/" ? name.dropLast() : name
        }
    }

    fileprivate static func address(_ authority: Substring, port usual: Int) throws(RedisError) -> Address {
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
        guard let port else { return .tcp(host: name, port: usual) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw invalid("its port is not a number from 1 to 65535")
        }
        return .tcp(host: name, port: number)
    }

    fileprivate static func decoded(_ text: Substring) throws(RedisError) -> String {
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

    fileprivate static func invalid(_ reason: String) -> RedisError {
        RedisError(.invalidURL, "the Redis URL is not valid: \(reason)")
    }
}
