import Glibc
import NIOCore
import NIOPosix

extension RedisError {
    /// Why a connection could not be made, for people.
    init(connectingTo address: RedisURL.Address, failed error: any Error, timeout: Duration) {
        if let error = error as? RedisError {
            self = error
            return
        }
        if error is CancellationError {
            self.init(.cancelled, "connecting to Redis was cancelled")
            return
        }
        let errors = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
        let codes = errors.compactMap { ($0 as? IOError)?.errnoCode }
        let reason: String
        if let code = codes.first {
            reason = String(cString: strerror(code))
        } else if let error = error as? NIOConnectionError, errors.isEmpty {
            reason = "no address found for \(error.host)"
        } else if errors.first is ChannelError {
            reason = "no answer within \(timeout)"
        } else {
            reason = "\(errors.first ?? error)"
        }
        self.init(
            .unreachable,
            "cannot reach Redis at \(address): \(reason)",
            isRefusal: !codes.isEmpty && codes.count == errors.count && codes.allSatisfy(Self.isRefusal)
        )
    }

    /// Nobody listens there. The file of a socket is removed when Redis stops in order.
    private static func isRefusal(_ code: CInt) -> Bool {
        code == ECONNREFUSED || code == ENOENT
    }
}
