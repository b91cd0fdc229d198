import HoistwayModel

/// What of a session's components is installed, kept in the workspace so that a retry goes on behind it.
struct InstallerState: Sendable {
    private let path: String
    private let jobID: String
    /// Of the payload: a retry has the same one.
    private let digest: String
    /// When the components that are installed were registered, by their names.
    private var registered: JSONObject = [:]

    /// Takes up the state that the attempt before left, or begins anew for a job that is not the retry of another one.
    /// - Throws: `file_error` when the workspace cannot be written.
    init(in context: RecipeContext) throws(RecipeFailure) {
        path = context.workspace + "/installer.json"
        jobID = context.jobID
        digest = SHA256.hex(context.payload)
        try Files.makeDirectory(context.workspace)
        let isRetry = context.environment["HOISTWAY_RETRY_OF"] != nil
        if let bytes = try? Files.read(path), let kept = try? JSON(parsing: bytes),
            kept["payload"]?.stringValue == digest, isRetry || kept["job"]?.stringValue == jobID
        {
            registered = kept["registered"]?.objectValue ?? [:]
        }
        try save()
    }

    func registeredAt(_ name: String) -> String? { registered[name]?.stringValue }

    /// - Returns: when.
    mutating func register(_ name: String) throws(RecipeFailure) -> String {
        let now = Timestamp.now().description
        registered[name] = .string(now)
        try save()
        return now
    }

    /// The session is over: the next one begins anew.
    func end() throws(RecipeFailure) { try Files.remove(path) }

    private func save() throws(RecipeFailure) {
        let state: JSON = ["job": .string(jobID), "payload": .string(digest), "registered": .object(registered)]
        try Files.write(state.text, to: path, mode: 0o600)
    }
}
