import ArgumentParser
import HTTPAPI
import HoistwayModel
import HoistwayStore
import RedisClient
import Supervision
import WorkerCore

/// Why a command ends with an exit code other than 0, told in one line that says what to do.
package struct CommandFailure: Error, Sendable, CustomStringConvertible {
    package enum Code: Int32, Sendable {
        /// The job or the action failed.
        case failed = 1
        case notFound = 2
        /// Wrong usage, or a bad value of a field.
        case usage = 64
        /// Redis is unreachable, or its keys are of a newer version.
        case unavailable = 69
    }

    package var code: Code
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func noJob(_ id: String) -> CommandFailure {
        CommandFailure(.notFound, "there is no job \"\(id)\"; \"hoistway list\" shows those there are")
    }
}

extension CommandFailure {
    /// The failure that an error of the lower modules means to a user; `nil` for one that is none of theirs.
    init?(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let refusal as Refusal: self.init(refusal)
        case let error as RedisError: self.init(error)
        case let error as StoreError:
            if case .newerSchema = error {
                self.init(.unavailable, error.description)
            } else {
                self.init(.failed, error.description)
            }
        case let error as APIConfigurationError: self.init(.usage, error.description)
        case let error as ConfigurationError: self.init(.usage, error.description)
        case let error as WorkerError: self.init(.failed, error.description)
        case let error as SupervisionError: self.init(.failed, error.description)
        case is CancellationError: self.init(.failed, "it was cancelled")
        default: return nil
        }
    }

    init(_ refusal: Refusal) {
        let code: Code =
            switch refusal.code {
            case .notFound: .notFound
            case .conflict, .wrongState, .alreadyEnded, .queueFull, .quarantined: .failed
            default: .usage
            }
        self.init(code, refusal.message)
    }

    private init(_ error: RedisError) {
        switch error.code {
        case .invalidURL, .needsHashTag: self.init(.usage, error.message)
        case .notReplicated: self.init(.unavailable, error.message)
        case .server where error.serverCode == "NOPERM" || error.message.contains("The user executing the script"):
            let advice = "what a user of Redis needs is in the guide \"Running Redis for Hoistway\""
            self.init(.failed, "\(error.sentence); \(advice)")
        case .server where ["NOAUTH", "WRONGPASS"].contains(error.serverCode):
            self.init(.unavailable, "\(error.sentence); check the URL given by --redis or HOISTWAY_REDIS")
        case .server where ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "MOVED"].contains(error.serverCode):
            self.init(.unavailable, "\(error.sentence); try again, or check the URL given by --redis or HOISTWAY_REDIS")
        case .server: self.init(.failed, error.description)
        case .cancelled: self.init(.failed, "it was cancelled")
        default:
            // Where nobody listens there may be none at all.
            let advice =
                error.isRefusal ? "start one with \"hoistway up\", or name another with" : "check the URL given by"
            let isSaid = error.message.hasPrefix("cannot reach Redis at ")
            let text = isSaid ? error.message : "Redis cannot be reached: \(error.message)"
            self.init(.unavailable, "\(text); \(advice) --redis or HOISTWAY_REDIS")
        }
    }
}

extension RedisError {
    /// What it says, ready to be gone on with.
    fileprivate var sentence: Substring {
        let text = description[...]
        return text.last == "." ? text.dropLast() : text
    }
}
