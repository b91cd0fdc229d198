import HoistwayModel

/// Finds `user:password@` in the URLs of a payload, so that it is masked before anything prints it.
enum URLPasswords {
    /// Every password within the strings of a value, as written and percent-decoded.
    static func within(_ value: JSON) -> [String] {
        switch value {
        case .string(let text): passwords(in: text)
        case .array(let elements): elements.flatMap(within)
        case .object(let object): object.flatMap { within($0.value) }
        default: []
        }
    }

    private static func passwords(in text: String) -> [String] {
        guard let userInfo = URLParts(text)?.userInfo else { return [] }
        let parts = userInfo.parts(by: ":", most: 1)
        var secrets = parts.count > 1 ? [parts[1]] : []
        // Hosts take a token as the user name too; one this long is no name of a person.
        if parts[0].utf8.count >= 20 { secrets.append(parts[0]) }
        return secrets.flatMap { [$0, URLParts.decode($0)] }.filter { !$0.isEmpty }
            .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// A URL taken apart at its delimiters, nothing decoded.
struct URLParts: Sendable {
    /// In lower case.
    var scheme: String
    var userInfo: String?
    /// Without the brackets of an IPv6 address.
    var host: String
    var port: Int?
    /// Path, query and fragment, as written.
    var rest: String

    /// `nil` for a text that has no scheme.
    init?(_ text: String) {
        guard let mark = text.range(of: "://") else { return nil }
        scheme = text[..<mark.lowerBound].lowercased()
        let isScheme = scheme.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || $0 == 43 || $0 == 45 }
        guard isScheme, !scheme.isEmpty else { return nil }
        let tail = text.unicodeScalars[mark.upperBound...]
        let end = tail.firstIndex { "/?#".unicodeScalars.contains($0) } ?? tail.endIndex
        var authority = tail[..<end]
        rest = String(tail[end...])
        if let at = authority.lastIndex(of: "@") {
            userInfo = String(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        if authority.first == "[", let close = authority.firstIndex(of: "]") {
            host = String(authority[authority.index(after: authority.startIndex)..<close])
            authority = authority[authority.index(after: close)...]
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = String(authority[..<colon])
            authority = authority[colon...]
        }
        if authority.first == ":", authority.count > 1 {
            guard let number = Int(String(authority.dropFirst())), (1...65535).contains(number) else { return nil }
            port = number
        }
    }

    /// Scheme, host and port, as git names them when it asks for a password.
    var origin: String {
        "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)\(port.map { ":\($0)" } ?? "")"
    }

    var isLoopback: Bool {
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host == "::1" || (isIPv4 && numbers.first == "127")
    }

    /// The text with its percent escapes replaced.
    static func decode(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, digits.allSatisfy(Ascii.isHexDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// Where a text stands in this one first.
    func range(of text: String) -> Range<String.Index>? { unicodeScalars.firstRange(of: text.unicodeScalars) }
}
