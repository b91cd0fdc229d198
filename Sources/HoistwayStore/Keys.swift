import HoistwayModel
import RESP

/// Every key of the store, by the name the contract and the scripts know it under.
package struct Keys: Sendable, Hashable {
    package let prefix: String

    package init(prefix: String) {
        self.prefix = prefix
    }

    /// Where every script finds the prefix.
    package var meta: String { "\(prefix):meta" }
    package var events: String { "\(prefix):events" }
    package var workers: String { "\(prefix):workers" }
    package var types: String { "\(prefix):types" }
    package var paused: String { "\(prefix):paused" }
    package var rejected: String { "\(prefix):rejected" }
    package var control: String { "\(prefix):control" }
    package var controlRejected: String { "\(prefix):control:rejected" }
    package var turns: String { "\(prefix):turns" }
    package var delayed: String { "\(prefix):delayed" }
    package var index: String { "\(prefix):index" }
    package var running: String { "\(prefix):index:running" }
    /// What may run, start and wait (`Limits`).
    package var limits: String { "\(prefix):limits" }
    /// When a type that started as often as its rate allows may go on.
    package var rated: String { "\(prefix):rated" }
    /// Payloads whose jobs were lost, and those of them whose waiting jobs the tick still has to end.
    package var losses: String { "\(prefix):losses" }
    package var quarantining: String { "\(prefix):quarantining" }
    /// Concurrency keys where the tick goes on: superseding jobs with older ones left, turns left to give.
    package var superseding: String { "\(prefix):superseding" }
    package var giving: String { "\(prefix):giving" }
    /// The last sign of life of every worker that has attempts (`SignOfLife`).
    package var renewals: String { "\(prefix):renewals" }

    package var schedules: String { "\(prefix):schedules" }
    package var notify: String { "\(prefix):notify" }
    package var notifyTries: String { "\(prefix):notify:tries" }

    /// The ids of the tokens of the HTTP API, and what is deployed by name, as `<type>:<id>`.
    package var tokens: String { "\(prefix):tokens" }
    package var resources: String { "\(prefix):resources" }
    /// Keys that lie in different slots of a cluster unless the prefix has a hash tag.
    package var together: [String] { [meta, events, workers] }

    package static let inboxInfix = ":inbox:"

    package func inbox(_ type: JobType) -> String { prefix + Keys.inboxInfix + type.name }
    package func job(_ id: String) -> String { "\(prefix):job:\(id)" }
    package func history(_ id: String) -> String { "\(job(id)):history" }
    package func log(_ id: String) -> String { "\(job(id)):log" }
    package func dependencies(_ id: String) -> String { "\(job(id)):dependencies" }
    package func worker(_ id: String) -> String { "\(prefix):worker:\(id)" }
    /// Ended jobs of a worker whose logs somebody wants to read.
    package func wantedLogs(of worker: String) -> String { "\(self.worker(worker)):logs" }
    /// The jobs of a type, or for a server, that workers have.
    package func claims(ofType type: JobType) -> String { "\(prefix):claimed:type:\(type.name)" }
    package func claims(forServer server: String) -> String { "\(prefix):claimed:server:\(server)" }
    /// The times of the last starts of a type that has a rate.
    package func starts(_ type: JobType) -> String { "\(prefix):starts:\(type.name)" }
    package func pending(_ type: JobType) -> String { "\(prefix):index:pending:\(type.name)" }
    package func ended(_ status: JobStatus) -> String { "\(prefix):index:\(status.rawValue)" }
    package func ofType(_ type: JobType) -> String { "\(prefix):index:type:\(type.name)" }
    package func ofResource(_ type: JobType, _ id: String) -> String { "\(prefix):index:resource:\(type.name):\(id)" }
    package func ofServer(_ id: String) -> String { "\(prefix):index:server:\(id)" }
    package func ofSchedule(_ id: String) -> String { "\(prefix):index:schedule:\(id)" }
    package func ofLabel(_ key: String, _ value: String) -> String { "\(prefix):index:label:\(key)=\(value)" }
    package func schedule(_ id: String) -> String { "\(prefix):schedule:\(id)" }
    package func token(_ id: String) -> String { "\(prefix):token:\(id)" }
    package func login(_ id: String) -> String { "\(prefix):login:\(id)" }
    package func session(_ id: String) -> String { "\(prefix):session:\(id)" }
    package func resource(_ type: JobType, _ id: String) -> String { "\(prefix):resource:\(type.name):\(id)" }
    package func request(_ id: String) -> String { "\(prefix):request:\(id)" }
    package func wake(_ type: JobType, scope: Scope) -> String { "\(prefix):wake:\(type.name)\(scope.suffix)" }
    package func wake(worker: String) -> String { "\(prefix):wake:worker:\(worker)" }
    package func wake(claimer worker: String) -> String { "\(wake(worker: worker)):claimer" }

    /// The list a job stands in: its type, its scope and, unless it is the usual one, its priority.
    package func queue(_ type: JobType, scope: Scope, priority: Int) -> String {
        let suffix = priority == JobDocument.defaultPriority ? "" : ":p\(priority)"
        return "\(prefix):queue:\(type.name)\(scope.suffix)\(suffix)"
    }
}

/// Where a job may run: anywhere, on workers with a label, for a server.
package struct Scope: Sendable, Hashable {
    package var node: String?
    package var server: String?

    package init(node: String? = nil, server: String? = nil) {
        self.node = node
        self.server = server
    }

    package static let any = Scope()

    var suffix: String { (node.map { "@\($0)" } ?? "") + (server.map { "!\($0)" } ?? "") }

    /// The scopes that a worker with this label and these servers takes jobs of.
    package static func served(node: String?, servers: [String]) -> [Scope] {
        let nodes = [nil, node].filter { $0 == nil || node != nil }
        let here = node == nil ? [Scope.any] : [Scope.any, Scope(node: node)]
        return here
            + servers.flatMap { server in
                Set(nodes).map { Scope(node: $0, server: server) }
            }
    }
}
