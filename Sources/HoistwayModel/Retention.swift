/// How long ended jobs of a type are kept; a job goes as soon as one of the limits says so.
public struct Retention: Sendable, Hashable {
    /// Since the end.
    public var age: TimeSpan
    /// How many, the newest.
    public var count: Int
    /// Bytes of the logs of those that are kept, the newest.
    public var logBytes: Int

    /// What is not as usual of a retention.
    public struct Change: Sendable, Hashable {
        public var age: TimeSpan?
        public var count: Int?
        public var logBytes: Int?

        public init(age: TimeSpan? = nil, count: Int? = nil, logBytes: Int? = nil) {
            self.age = age
            self.count = count
            self.logBytes = logBytes
        }
    }

    public static let standard = Retention(age: .seconds(30 * 86_400), count: 1000, logBytes: 1 << 30)

    public init(age: TimeSpan, count: Int, logBytes: Int) {
        self.age = age
        self.count = count
        self.logBytes = logBytes
    }

    public func changed(by change: Change?) -> Retention {
        Retention(
            age: change?.age ?? age,
            count: change?.count ?? count,
            logBytes: change?.logBytes ?? logBytes
        )
    }
}

/// The retention of all types.
public struct RetentionRules: Sendable, Hashable {
    public var standard: Retention
    public var byType: [JobType: Retention]

    public init(standard: Retention = .standard, byType: [JobType: Retention] = [:]) {
        self.standard = standard
        self.byType = byType
    }

    public func retention(of type: JobType) -> Retention { byType[type] ?? standard }
}
