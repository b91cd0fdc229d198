import HoistwayModel
import RESP
import RedisClient

/// Why a job waits, how many are before it, and when it may start.
package struct Waiting: Sendable, Hashable {
    /// The word that `because` says.
    package enum Cause: String, Sendable, Hashable, CaseIterable {
        /// It stands in its queue and waits for a free slot.
        case queued
        /// Its time has not come.
        case delayed
        /// It is tried again later.
        case retrying
        /// Others hold the turns of its concurrency key.
        case key
        /// Jobs it depends on have not ended.
        case dependency
        /// Its type is paused.
        case paused
        /// As many of its type or for its server run as may.
        case limit
        /// As many of its type started lately as may.
        case rate
        /// No worker that runs serves its type.
        case noWorker
        /// No worker of its type has the label that it is pinned to.
        case noNode
        /// No worker of its type knows its server.
        case noServer
    }

    package var because: Cause
    /// 1 for the next, as far as it can be told: among those of its concurrency key, or of its queue and the better
    /// priorities. Beyond the first 10,000 of a queue it is approximate.
    package var position: Int?
    /// What the cause is about: a type, node, server, concurrency key or time; of a limit or rate what it says.
    package var subject: String
    /// The jobs that hold the turns of its key, or its open dependencies.
    package var blockedBy: [String]
    /// By what the jobs that must end first took before; nil when that is not known.
    package var estimatedStart: Timestamp?

    package init(
        _ because: Cause,
        position: Int? = nil,
        subject: String = "",
        blockedBy: [String] = [],
        estimatedStart: Timestamp? = nil
    ) {
        self.because = because
        self.position = position
        self.subject = subject
        self.blockedBy = blockedBy
        self.estimatedStart = estimatedStart
    }

    /// The shape of `waiting` in the API and in `--json`.
    package var json: JSON {
        [
            "position": position.map { .int($0) } ?? .null,
            "ahead": position.map { .int($0 - 1) } ?? .null,
            "because": .string(because.rawValue),
            "blockedBy": .strings(blockedBy),
            "estimatedStart": .string(orNull: estimatedStart?.description),
        ]
    }

    /// The cause for people.
    package var sentence: String {
        switch because {
        case .queued: "it waits for a free slot"
        case .delayed: "it is delayed until \(subject.isEmpty ? "its time" : subject)"
        case .retrying: "it is tried again at \(subject.isEmpty ? "its time" : subject)"
        case .key: "\(subject) is in use"
        case .dependency: "a job it depends on has not ended"
        case .limit, .rate: subject
        case .paused: "the type \(subject) is paused"
        case .noWorker: "no worker that runs has a recipe for \(subject)"
        case .noNode: "no worker has the label \(subject)"
        case .noServer: "no worker knows the server \(subject)"
        }
    }
}

extension Store {
    /// Why a job waits; nil when it does not wait.
    package func waiting(_ job: Job) async throws -> Waiting? {
        try await waiting([job])[0]
    }

    /// Why each of these jobs waits, in one round trip for 100 of them.
    package func waiting(_ jobs: [Job]) async throws -> [Waiting?] {
        let pending = jobs.indices.filter { jobs[$0].status == .pending && jobs[$0].reason != .starting }
        var result = [Waiting?](repeating: nil, count: jobs.count)
        for start in stride(from: 0, to: pending.count, by: 100) {
            let page = pending[start..<min(start + 100, pending.count)]
            let replies = try await redis.run(
                Scripts.waiting,
                batch: page.map { (keys: [.string(keys.meta)], arguments: [.string(jobs[$0].id)]) }
            )
            for (index, reply) in zip(page, replies) { result[index] = Waiting(try reply.get().strings) }
        }
        return result
    }
}

extension Waiting {
    /// What the script answers.
    fileprivate init?(_ values: [String]) {
        guard values.count >= 4, let because = Cause(rawValue: values[0]) else { return nil }
        self.init(
            because,
            position: Int(values[1]),
            subject: values[2],
            blockedBy: Array(values[4...]),
            estimatedStart: Int64(values[3]).map { Timestamp(milliseconds: $0) }
        )
    }
}
