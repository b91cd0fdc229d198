import HoistwayModel
import HoistwayStore
import RedisClient
import Remote
import Supervision

/// What a worker is told when it starts.
package struct WorkerSettings: Sendable {
    package var redis: RedisURL
    package var prefix: String
    /// Whether a claim counts only once a replica has it.
    package var durability = Durability.local
    /// Absolute path of the data folder.
    package var data: String
    /// Folder of recipes, `nil` for the built-in ones alone.
    package var recipes: String?
    /// Types of the configuration that are not built in.
    package var ownTypes: [JobType] = []
    /// The only types to take, `nil` for all there are recipes for.
    package var onlyTypes: [JobType]?
    /// How many jobs run at the same time.
    package var slots = 4
    /// The label that pins jobs to this worker.
    package var node: String?
    package var onStop = ControlDocument.StopMode.drain
    package var killGrace = TimeSpan.seconds(10)
    /// How long an attempt lives without a renewal of its lease; zero: for ever.
    package var fenceAfter = WorkerSettings.standardFenceAfter
    /// How much longer others wait before they end it.
    package var fenceMargin = TimeSpan.seconds(5)
    /// How long attempts live that the worker left behind on purpose.
    package var detachFor = TimeSpan.seconds(86_400)
    /// What may run, start and wait over all workers; written when the worker starts.
    package var limits = Limits()
    /// What each job may use.
    package var resources = ResourceLimits()
    /// Whom recipes run as when the worker is root.
    package var user: String?
    package var environment: [(name: String, value: String)] = []
    /// Refuse every command or script that a payload brings.
    package var noCommandEval = false
    /// Patterns of the secrets that jobs may ask for, such as `file:/etc/hoistway/secrets/*`.
    package var secretsAllow: [String] = []
    /// Commands that print a secret, by name.
    package var secretCommands: [String: [String]] = [:]
    /// Largest log of an attempt in bytes.
    package var logMaxBytes = 64 << 20
    /// Most bytes of all logs' copies in Redis.
    package var logRedisBytes = 64 << 20
    /// How long ended jobs are kept.
    package var retention = RetentionRules()
    /// The servers whose jobs this worker runs, by name.
    package var servers: [String: RemoteServer] = [:]
    /// Absolute path of `hoistway-monitor`.
    package var monitorPath: String
    /// Absolute path of this program, which runs the built-in recipes.
    package var executablePath: String

    package static let standardFenceAfter = TimeSpan.seconds(60)

    package init(redis: RedisURL, prefix: String, data: String, monitorPath: String, executablePath: String) {
        self.redis = redis
        self.prefix = prefix
        self.data = data
        self.monitorPath = monitorPath
        self.executablePath = executablePath
    }
}

/// Why a worker cannot work, for people.
package struct WorkerError: Error, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
