/// What went wrong between here and Redis, told so that a user can act on it.
package struct RedisError: Error, Sendable, Equatable {
    package enum Code: Sendable, Equatable {
        /// No connection could be made.
        case unreachable
        /// The connection broke after the command was written: whether it was carried out is unknown.
        case closed
        /// The command was never written: it had no effect.
        case notSent
        /// No reply in time: whether the command was carried out is unknown.
        case timeout
        /// Redis answered with this error, for example `NOSCRIPT No matching script.`
        case server(String)
        /// The peer does not speak the protocol.
        case protocolError
        case invalidURL
        /// Redis is a cluster, and the keys would be spread over it.
        case needsHashTag
        /// The command was carried out, but no replica has confirmed it in time: a failover may undo it.
        case notReplicated
        /// The task was cancelled. A command that had been written may still be carried out.
        case cancelled
    }

    package let code: Code
    /// A sentence for the user, without secrets.
    package let message: String
    /// Redis is surely not serving, and it was the host itself that said so: it refused the connection, has no such socket, or
    /// is still loading its data. Silence, a reset or no route are not.
    package let isRefusal: Bool

    package init(_ code: Code, _ message: String, isRefusal: Bool = false) {
        self.code = code
        self.message = message
        self.isRefusal = isRefusal
    }

    /// An error that Redis answered.
    /// - Parameter isDirect: whether it came from the one address that Redis has.
    package static func server(_ message: String, isDirect: Bool = true) -> RedisError {
        RedisError(.server(message), message, isRefusal: isDirect && message.hasPrefix("LOADING "))
    }

    /// Elsewhere another server may serve.
    var withoutRefusal: RedisError { RedisError(code, message) }

    /// The first word of an error that Redis answered, such as `NOSCRIPT`.
    package var serverCode: Substring? {
        guard case .server(let message) = code else { return nil }
        return message.prefix { $0 != " " }
    }

    /// Whether the way to Redis failed, rather than the command.
    package var isConnectionLoss: Bool {
        switch code {
        case .unreachable, .closed, .notSent, .timeout, .protocolError: true
        case .server, .invalidURL, .needsHashTag, .notReplicated, .cancelled: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        if case .server = code { "Redis answered: \(message)" } else { message }
    }
}
