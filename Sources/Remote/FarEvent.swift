import HoistwayModel

/// An event of a recipe on a server. What it says to this host is taken out: only the near side speaks with the monitor.
struct FarEvent: Equatable {
    /// For the monitor; `nil` when nothing is left.
    var line: [UInt8]?
    /// Run on the server once the attempt is over.
    var cleanup: [String]?

    /// Nil for what is no object: the monitor logs that as text.
    init?(_ bytes: [UInt8]) {
        guard let object = (try? JSON(parsing: bytes))?.objectValue else { return nil }
        let words = object["cleanup"]?.arrayValue?.map(\.stringValue)
        if let words, let first = words.first, first?.isEmpty == false,
            !words.contains(where: { $0?.contains("\0") ?? true })
        {
            cleanup = words.compactMap(\.self)
        }
        let rest = JSONObject(object.members.filter { $0.key != "cleanup" && $0.key != "remote" })
        line = rest.isEmpty ? nil : JSON.object(rest).utf8
    }
}
