import HoistwayModel
import HoistwayStore
import RedisClient

/// Why Hoistway did not do what it was asked.
///
/// ``description`` is a sentence for people; ``code`` is what a program branches on.
public struct HoistwayError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// A document, an argument or a URL that cannot be right; ``HoistwayError/fieldErrors`` names the fields.
        case invalid
        /// The job's id is in use already.
        case idInUse
        /// The concurrency key is in use, and the document said `onConflict: reject`.
        case conflict
        /// The queue of the job's type has reached its limit.
        case queueFull
        /// The payload was in jobs that were lost one after the other, and is not accepted for now.
        case quarantined
        /// There is no such job or worker.
        case notFound
        /// The job is in a state that forbids it.
        case wrongState
        /// The job has ended already.
        case alreadyEnded
        /// The log is not in Redis any more, and no worker that has it is up; the message names the host that has it.
        case logUnavailable
        /// It did not happen within the time given.
        case timeout
        /// Redis cannot be reached, or could not be for longer than the client's patience.
        case unreachable
        /// Redis refused: no permission, no memory, a replica.
        case redis
        /// The keys were written by a newer version of Hoistway.
        case newerSchema
        /// The task was cancelled.
        case cancelled
    }

    public let code: Code
    /// A sentence that says what is wrong, without secrets.
    public let message: String
    /// What is wrong with a document, by field; empty for other errors.
    public let fieldErrors: FieldErrors

    public var description: String { message }

    package init(_ code: Code, _ message: String, fieldErrors: FieldErrors = FieldErrors()) {
        self.code = code
        self.message = message
        self.fieldErrors = fieldErrors
    }
}

extension HoistwayError {
    /// What an error of the lower modules means to a producer.
    package init(_ error: any Error) {
        switch error {
        case let error as HoistwayError: self = error
        case let refusal as Refusal: self.init(refusal)
        case let error as RedisError: self.init(error)
        case let error as StoreError:
            if case .newerSchema = error {
                self.init(.newerSchema, error.description)
            } else {
                self.init(.redis, error.description)
            }
        case is CancellationError: self.init(.cancelled, "the task was cancelled")
        default: self.init(.redis, "\(error)")
        }
    }

    private init(_ refusal: Refusal) {
        let code: Code =
            switch refusal.code {
            case .idInUse: .idInUse
            case .conflict: .conflict
            case .queueFull: .queueFull
            case .quarantined: .quarantined
            case .notFound: .notFound
            case .wrongState: .wrongState
            case .alreadyEnded: .alreadyEnded
            default: .invalid
            }
        self.init(code, refusal.message, fieldErrors: refusal.fieldErrors)
    }

    private init(_ error: RedisError) {
        switch error.code {
        case .invalidURL, .needsHashTag: self.init(.invalid, error.message)
        case .cancelled: self.init(.cancelled, "the task was cancelled")
        case .server: self.init(error.isRefusal ? .unreachable : .redis, error.description)
        default: self.init(.unreachable, "Redis cannot be reached: \(error.message)")
        }
    }
}

/// Runs a body and throws what went wrong in it as a ``HoistwayError``.
func translating<Value>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Value
) async throws(HoistwayError) -> Value {
    do {
        return try await body()
    } catch {
        throw HoistwayError(error)
    }
}
