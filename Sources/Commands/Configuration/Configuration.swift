import HoistwayModel
import HoistwayStore
import Remote

/// The configuration: the file `hoistway.yaml` and the variables over it. What is `nil` was not said.
package struct Configuration: Sendable {
    package struct Worker: Sendable {
        package var slots: Int?
        package var types: [JobType]?
        package var node: String?
        package var onStop: ControlDocument.StopMode?
        package var fenceAfter: TimeSpan?
        package var fenceMargin: TimeSpan?
        package var detachFor: TimeSpan?
        package var killGrace: TimeSpan?
        package var user: String?
        package var environment: [(name: String, value: String)] = []
        package var noCommandEval: Bool?
        package var secretsAllow: [String]?
        package var secretCommands: [String: [String]] = [:]
    }

    package struct Resources: Sendable {
        package var memory: Int?
        package var cpu: Double?
        package var pids: Int?
    }

    package struct Logs: Sendable {
        package var maxBytes: Int?
        package var redisBytes: Int?
    }

    package typealias Retention = HoistwayModel.Retention.Change

    package struct API: Sendable {
        package var listen: String?
        package var tlsCertificate: String?
        package var tlsKey: String?
        package var noAuth: Bool?
    }

    package var redis: String?
    package var prefix: String?
    package var durability: Durability?
    package var data: String?
    package var recipes: String?
    package var types: [JobType] = []
    package var worker = Worker()
    package var limits = Limits()
    package var resources = Resources()
    package var logs = Logs()
    package var retention: [String: Retention] = [:]
    package var servers: [String: RemoteServer] = [:]
    package var api = API()

    package init() {}

    /// What is not said of a type is as in `default`, what is not said there as usual.
    package var retentionRules: RetentionRules {
        let standard = HoistwayModel.Retention.standard.changed(by: retention["default"])
        var rules = RetentionRules(standard: standard)
        for (type, setting) in retention where type != "default" {
            rules.byType[JobType(type)] = standard.changed(by: setting)
        }
        return rules
    }
}
