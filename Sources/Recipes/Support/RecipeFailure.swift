import HoistwayModel

/// Why a recipe fails, in the shape of an `error` event.
struct RecipeFailure: Error, Sendable {
    var code: String
    var message: String
    /// Whether another try may help; `nil` leaves it to the job's own policy.
    var retryable: Bool?
    /// What is wrong with which field of the payload, by dotted path.
    var fieldErrors: [(path: String, message: String)] = []
    /// What it failed at, where the recipe does several things.
    var causedBy: String?
    /// The exit code where it is neither 75 (retryable) nor 1.
    var status: Int32?

    init(
        code: String,
        message: String,
        retryable: Bool? = nil,
        fieldErrors: [(path: String, message: String)] = [],
        status: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.fieldErrors = fieldErrors
        self.status = status
    }

    var exitCode: Int32 { status ?? (retryable == true ? 75 : 1) }

    /// The `error` event.
    var event: JSON {
        var details = JSONObject()
        if let retryable { details["retryable"] = .bool(retryable) }
        if !fieldErrors.isEmpty {
            var fields = JSONObject()
            for error in fieldErrors { fields[error.path] = .string(error.message) }
            details["fieldErrors"] = .object(fields)
        }
        if let causedBy { details["causedBy"] = .string(causedBy) }
        return ["error": ["code": .string(code), "message": .string(message), "details": .object(details)]]
    }

    /// A payload-given command where the worker refuses those.
    static func commandRefused(_ field: String) -> RecipeFailure {
        RecipeFailure(
            code: "command_eval_disabled",
            message: "\(field) is refused: this worker runs with --no-command-eval",
            retryable: false
        )
    }
}
