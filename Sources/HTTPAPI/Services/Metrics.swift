import HTTPTypes
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Synchronization

/// What is counted for Prometheus: requests from the start on, jobs from the first time on that somebody asked for metrics.
package final class Metrics: Sendable {
    struct Request: Hashable, Sendable {
        var method: String
        var route: String
        var status: Int
    }

    struct Ended: Hashable, Sendable {
        var type: String
        var status: String
        var reason: String
    }

    struct Counts: Sendable {
        var requests: [Request: Int] = [:]
        var times: [String: Histogram] = [:]
        var ended: [Ended: Int] = [:]
        var starts: [String: Histogram] = [:]
        var runs: [String: Histogram] = [:]
        var kills = Histogram(Histogram.short)
        var leaseLosses = 0
        var adoptions = 0
        var restorations = 0
    }

    private let store: Store
    private let events: EventService
    private let client: RedisClient
    private let hub: Hub
    private let logger: Logger
    private let counts = Mutex(Counts())
    private let wanted = Signal()

    init(store: Store, events: EventService, client: RedisClient, hub: Hub, logger: Logger) {
        self.store = store
        self.events = events
        self.client = client
        self.hub = hub
        self.logger = logger
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]

    func observe(_ method: HTTPRequest.Method, _ route: String?, _ status: HTTPResponse.Status, _ time: Duration) {
        let method = Metrics.methods.contains(method.rawValue) ? method.rawValue : "other"
        let route = route ?? "none"
        counts.withLock { counts in
            counts.requests[Request(method: method, route: route, status: status.code), default: 0] += 1
            counts.times[route, default: Histogram(Histogram.short)].observe(time / .seconds(1))
        }
    }

    /// Counts what happens to jobs, once somebody wants to know, until the server stops.
    func collect() async {
        guard await wanted.next() != nil else { return }
        while !Task.isCancelled {
            do {
                try await events.follow(after: nil, beat: .seconds(3600)) { step in
                    if case .events(let events) = step { try await count(events) }
                }
            } catch is CancellationError {
                return
            } catch {
                logger.debug("counting: \(error)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func count(_ events: [EventService.Event]) async throws {
        var started: [String] = []
        var ended: [(id: String, status: String, reason: String)] = []
        for (_, event) in events {
            let name = event["event"]?.stringValue ?? ""
            let status = event["status"]?.stringValue ?? ""
            counts.withLock { counts in
                switch name {
                case "lost": counts.leaseLosses += 1
                case "restored": counts.restorations += 1
                case "workerStarted": counts.adoptions += event["data"]?["jobs"]?.intValue ?? 0
                default: break
                }
            }
            guard let id = event["id"]?.stringValue, !name.hasPrefix("notif") else { continue }
            if name == "started" { started.append(id) }
            if status == "done" || status == "error" { ended.append((id, status, event["reason"]?.stringValue ?? "")) }
        }
        try await count(started: started)
        try await count(ended: ended)
    }

    private func count(started ids: [String]) async throws {
        for job in try await store.fields(["type", "queuedAt", "startedAt"], of: ids).compactMap({ $0 }) {
            guard let type = job["type"], let seconds = Metrics.seconds(job["queuedAt"], job["startedAt"]) else {
                continue
            }
            counts.withLock { $0.starts[type, default: Histogram(Histogram.short)].observe(seconds) }
        }
    }

    private func count(ended: [(id: String, status: String, reason: String)]) async throws {
        let jobs = try await store.fields(["type", "startedAt", "completedAt", "kill"], of: ended.map(\.id))
        for (end, job) in zip(ended, jobs) {
            guard let job, let type = job["type"] else { continue }
            let run = Metrics.seconds(job["startedAt"], job["completedAt"])
            let receipt = job["kill"].flatMap { try? JSON(parsing: $0) }
            let kill = Metrics.seconds(receipt?["requestedAt"]?.stringValue, receipt?["emptyAt"]?.stringValue)
            counts.withLock { counts in
                counts.ended[Ended(type: type, status: end.status, reason: end.reason), default: 0] += 1
                if let run { counts.runs[type, default: Histogram(Histogram.long)].observe(run) }
                if let kill { counts.kills.observe(kill) }
            }
        }
    }

    private static func seconds(_ from: String?, _ to: String?) -> Double? {
        guard let from = from.flatMap({ Timestamp(parsing: $0) }), let to = to.flatMap({ Timestamp(parsing: $0) })
        else { return nil }
        return max(0, Double(to.milliseconds - from.milliseconds) / 1000)
    }
}

extension Metrics {
    /// Everything that is known, in the format of Prometheus. What Redis cannot tell at the moment is left out.
    package func text() async -> String {
        wanted.raise(.changed)
        var text = PrometheusText()
        text.family("hoistway_up", "gauge", "Whether Redis answered.")
        do {
            let queues = try await store.queues()
            let workers = try await store.workers()
            text.sample("hoistway_up", 1)
            write(queues, into: &text)
            write(workers, into: &text)
        } catch {
            text.sample("hoistway_up", 0)
        }
        let counts = counts.withLock { $0 }
        write(jobs: counts, into: &text)
        write(requests: counts, into: &text)
        text.family("hoistway_redis_reconnects_total", "counter", "Connections to Redis that were made anew.")
        text.sample("hoistway_redis_reconnects_total", Double(max(0, client.connections - 1)))
        text.family("hoistway_followers", "gauge", "Streams and long polls that are open.")
        // This one follows the events too, to count them.
        text.sample("hoistway_followers", Double(max(0, hub.count - 1)))
        return text.text
    }

    private func write(_ queues: [QueueSummary], into text: inout PrometheusText) {
        text.family("hoistway_queue_pending_jobs", "gauge", "Jobs that wait, by type.")
        for queue in queues {
            text.sample("hoistway_queue_pending_jobs", ["type": queue.type.name], Double(queue.pending))
        }
        text.family("hoistway_queue_running_jobs", "gauge", "Jobs that run, by type.")
        for queue in queues {
            text.sample("hoistway_queue_running_jobs", ["type": queue.type.name], Double(queue.running))
        }
        text.family("hoistway_queue_oldest_seconds", "gauge", "Age of the job that has waited longest, by type.")
        let now = Timestamp.now()
        for queue in queues {
            let age = queue.oldest.map { max(0, Double(now.milliseconds - $0.milliseconds) / 1000) } ?? 0
            text.sample("hoistway_queue_oldest_seconds", ["type": queue.type.name], age)
        }
        text.family("hoistway_queue_paused", "gauge", "Whether no jobs of the type are started.")
        for queue in queues { text.sample("hoistway_queue_paused", ["type": queue.type.name], queue.isPaused ? 1 : 0) }
    }

    private func write(_ workers: [[String: String]], into text: inout PrometheusText) {
        text.family("hoistway_workers", "gauge", "Workers, by state.")
        let states = Dictionary(grouping: workers) { $0["state"] ?? "unknown" }
        for (state, workers) in states.sorted(by: { $0.key < $1.key }) {
            text.sample("hoistway_workers", ["state": state], Double(workers.count))
        }
    }

    private func write(jobs counts: Counts, into text: inout PrometheusText) {
        text.family("hoistway_jobs_total", "counter", "Jobs that ended, by type, status and reason.")
        let ended = counts.ended.sorted {
            ($0.key.type, $0.key.status, $0.key.reason) < ($1.key.type, $1.key.status, $1.key.reason)
        }
        for (key, count) in ended {
            text.sample(
                "hoistway_jobs_total",
                ["type": key.type, "status": key.status, "reason": key.reason],
                Double(count)
            )
        }
        text.family("hoistway_job_start_seconds", "histogram", "From the turn of a job to its start, by type.")
        for (type, times) in counts.starts.sorted(by: { $0.key < $1.key }) {
            text.histogram("hoistway_job_start_seconds", [("type", type)], times)
        }
        text.family("hoistway_job_run_seconds", "histogram", "From the start of a job to its end, by type.")
        for (type, times) in counts.runs.sorted(by: { $0.key < $1.key }) {
            text.histogram("hoistway_job_run_seconds", [("type", type)], times)
        }
        text.family(
            "hoistway_job_kill_seconds",
            "histogram",
            "From the request of a kill to the end of the last process."
        )
        text.histogram("hoistway_job_kill_seconds", [], counts.kills)
        text.family("hoistway_lease_losses_total", "counter", "Attempts that ended as lost with their worker.")
        text.sample("hoistway_lease_losses_total", Double(counts.leaseLosses))
        text.family("hoistway_adoptions_total", "counter", "Attempts that workers took over when they started.")
        text.sample("hoistway_adoptions_total", Double(counts.adoptions))
        text.family("hoistway_restorations_total", "counter", "Attempts that workers wrote back after Redis lost them.")
        text.sample("hoistway_restorations_total", Double(counts.restorations))
    }

    private func write(requests counts: Counts, into text: inout PrometheusText) {
        text.family("hoistway_http_requests_total", "counter", "Requests, by method, route and status.")
        let requests = counts.requests.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        for (key, count) in requests {
            text.sample(
                "hoistway_http_requests_total",
                ["method": key.method, "route": key.route, "status": String(key.status)],
                Double(count)
            )
        }
        text.family("hoistway_http_request_seconds", "histogram", "Until the head of the answer was ready, by route.")
        for (route, times) in counts.times.sorted(by: { $0.key < $1.key }) {
            text.histogram("hoistway_http_request_seconds", [("route", route)], times)
        }
    }
}
