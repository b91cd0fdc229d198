/// What kind of thing a job deploys. Eight are built in; a worker's configuration may announce more.
public struct JobType: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var name: String

    public init(_ name: String) {
        self.name = name
    }

    public static let application = JobType("application")
    public static let compose = JobType("compose")
    public static let server = JobType("server")
    public static let schedule = JobType("schedule")
    public static let previewDeployment = JobType("previewDeployment")
    public static let backup = JobType("backup")
    public static let volumeBackup = JobType("volumeBackup")
    public static let installer = JobType("installer")

    public static let builtIn: [JobType] = [
        application, compose, server, schedule, previewDeployment, backup, volumeBackup, installer,
    ]

    public var isBuiltIn: Bool { JobType.builtIn.contains(self) }

    /// The document's key for the id of what is deployed: `applicationId`…; for types of one's own only `resourceId`.
    public var idKey: String { isBuiltIn ? "\(name)Id" : "resourceId" }

    public var description: String { name }

    public static func < (left: JobType, right: JobType) -> Bool { left.name < right.name }
}

extension JobType: ExpressibleByStringLiteral {
    public init(stringLiteral name: String) { self.init(name) }
}
