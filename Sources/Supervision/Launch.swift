import HoistwayModel

/// One attempt to start: what its monitor must know, and what a worker must know to take it over.
package struct Launch: Sendable {
    package var jobID: String
    package var attempt: Int
    package var fence: Int64
    /// Kept in the attempt's folder and handed back by `Supervisor.scan()`; not read by this module.
    package var record: JSON
    /// Absolute path of the recipe.
    package var executable: String
    package var arguments: [String]
    /// Complete; `HOISTWAY_PAYLOAD`, `HOISTWAY_EVENTS` and `TMPDIR` are set over it, `HOISTWAY_WORKSPACE` by the monitor.
    package var environment: [(String, String)]
    /// The recipe's standard input.
    package var payload: [UInt8]
    /// What the log and the events must not show.
    package var secrets: [[UInt8]]
    /// Absolute path of the log; `<folder>/log` when `nil`.
    package var logPath: String?
    package var logMaxBytes: Int
    /// No limit when `nil`.
    package var timeout: Duration?
    package var idleTimeout: Duration?
    package var killGrace: Duration
    /// How long the attempt may live after its start or newest renewal; without limit when `nil`.
    package var lease: Duration?
    /// `ProcessIdentity.boottime()` from which the lease counts; the monitor's start when `nil`.
    package var leaseFrom: Int64?
    /// By how much sooner the attempt ends than its lease: what runs elsewhere needs time to end when it cannot be told.
    /// At most half of the lease counts.
    package var leaseReserve: Duration?
    /// What the recipe and all that it starts may use.
    package var resources: ResourceLimits
    /// Whom the recipe runs as; as this process when `nil`.
    package var user: User?
    /// Absolute path of the folder kept per resource.
    package var workspace: String
    /// Written to the log before anything else.
    package var firstLogLines: [LogLine]

    /// A user with its groups, in numbers.
    package struct User: Sendable, Hashable {
        package var uid: UInt32
        package var gid: UInt32
        /// Supplementary groups.
        package var groups: [UInt32]

        package init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.groups = groups
        }
    }

    package struct LogLine: Sendable, Hashable {
        /// `INFO`, `WARN`, `ERROR` or `DEBUG`.
        package var level: String
        package var text: String

        package init(level: String, text: String) {
            self.level = level
            self.text = text
        }
    }

    /// - Parameter arguments: The whole argv; `[executable]` when `nil`.
    package init(
        jobID: String,
        attempt: Int,
        fence: Int64,
        record: JSON = .null,
        executable: String,
        arguments: [String]? = nil,
        environment: [(String, String)],
        payload: [UInt8],
        secrets: [[UInt8]] = [],
        logPath: String? = nil,
        logMaxBytes: Int = 64 << 20,
        timeout: Duration? = nil,
        idleTimeout: Duration? = nil,
        killGrace: Duration = .seconds(10),
        lease: Duration? = nil,
        resources: ResourceLimits = ResourceLimits(),
        user: User? = nil,
        workspace: String,
        firstLogLines: [LogLine] = []
    ) {
        self.jobID = jobID
        self.attempt = attempt
        self.fence = fence
        self.record = record
        self.executable = executable
        self.arguments = arguments ?? [executable]
        self.environment = environment
        self.payload = payload
        self.secrets = secrets
        self.logPath = logPath
        self.logMaxBytes = logMaxBytes
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.killGrace = killGrace
        self.lease = lease
        self.resources = resources
        self.user = user
        self.workspace = workspace
        self.firstLogLines = firstLogLines
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a limit never becomes none.
    var milliseconds: Int64 {
        components.seconds * 1000 + (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
