/// Whom to tell of a job's end.
public struct Notification: Sendable, Hashable {
    public var url: String
    /// The ends that are told.
    public var statuses: Set<JobStatus>
    /// The name of the job's secret that signs what is sent.
    public var secret: String?

    /// How often it is tried, and the waits in between.
    public static let waits: [TimeSpan] = [.seconds(1), .seconds(3), .seconds(9), .seconds(27)]
    public static let tries = waits.count + 1

    init(_ json: JSON) {
        url = json["url"]?.stringValue ?? ""
        let words = json["on"]?.arrayValue?.compactMap { $0.stringValue.flatMap(JobStatus.init) }
        statuses = Set(words ?? [.done, .error])
        secret = json["secret"]?.stringValue
    }

    /// How the store notes it: `d`, `e` or `b` for both ends, `n` for none.
    private var mark: String {
        switch (statuses.contains(.done), statuses.contains(.error)) {
        case (true, true): "b"
        case (true, false): "d"
        case (false, true): "e"
        case (false, false): "n"
        }
    }

    static func marks(_ list: [JSON]) -> String? {
        list.isEmpty ? nil : list.map { Notification($0).mark }.joined()
    }
}

extension JobDocument {
    /// A letter for each notification; the store need not read the rest.
    package var notificationMarks: String? { Notification.marks(notify) }
}

extension JobOptions {
    public var notifications: [Notification] { object["notify"]?.arrayValue?.map(Notification.init) ?? [] }
}
