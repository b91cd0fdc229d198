import FoundationEssentials
import Glibc

/// A folder that is removed with everything in it when nobody holds it any more. Its path is short enough for a socket.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/hw-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        remove()
    }

    /// Removes the folder now.
    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A failed system call.
package struct SystemError: Error, CustomStringConvertible {
    package let call: String
    package let code: CInt

    package init(_ call: String, _ code: CInt) {
        self.call = call
        self.code = code
    }

    package var description: String {
        "\(call): \(String(cString: strerror(code)))"
    }
}

/// A prefix of keys that no other test uses.
package func randomPrefix() -> String {
    "t" + String(UInt64.random(in: .min ... .max), radix: 36)
}
