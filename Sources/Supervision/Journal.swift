import HoistwayModel

/// The file in which a monitor notes how far it came, read from outside.
enum Journal {
    static func path(in folder: String) -> String { "\(folder)/monitor.jsonl" }

    /// The newest line of a kind; a line without its line feed is none.
    static func line(_ kind: String, in folder: String) -> JSON? {
        guard let bytes = Files.read(path(in: folder)), let end = bytes.lastIndex(of: newline) else { return nil }
        for line in bytes[..<end].split(separator: newline).reversed() {
            if let json = try? JSON(parsing: Array(line)), json["on"]?.stringValue == kind { return json }
        }
        return nil
    }

    /// What a monitor noted when its recipe ran.
    static func started(in folder: String) -> StartedRecord? { line("started", in: folder).flatMap(StartedRecord.init) }

    /// How the attempt ended.
    static func exit(in folder: String) -> ExitRecord? { line("exit", in: folder).flatMap(ExitRecord.init) }
}
