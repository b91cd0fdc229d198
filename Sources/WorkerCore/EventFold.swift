import HoistwayModel
import Supervision

/// What the events of an attempt add up to in the job's hash.
struct EventFold: Sendable {
    private(set) var progress: Int?
    private(set) var stage: String?
    private(set) var component: String?
    private(set) var message: String?
    private(set) var result: JSON?
    private(set) var error: JSON?
    /// How an attempt on a server ended when not by its recipe: `{"outcome","message","retryable"}`.
    private(set) var remoteEnd: JSON?
    private var remotePid: Int?
    private let isRemote: Bool
    private var resources: [JSON] = []
    private var registrations: [JSON] = []
    /// Registrations that say no `registeredAt` themselves, by what tells them apart, with when they came.
    private var arrivals: [JSON: String] = [:]
    private var changed: Set<String> = []

    private static let names = [
        "progress", "stage", "component", "message", "remotePid", "result", "error", "resources", "registrations",
    ]
    /// Most resources and registrations that are kept.
    private static let most = 1000

    /// - Parameter isRemote: whether the near side of a server speaks, and not the recipe itself.
    init(isRemote: Bool = false) {
        self.isRemote = isRemote
    }

    /// What the events file of an attempt adds up to so far.
    init(of info: AttemptInfo) {
        self.init(isRemote: AttemptContext(info.record).isRemote)
        for event in info.events().lines { add(event) }
    }

    /// Takes one line of the event stream.
    mutating func add(_ event: JSON) {
        if let value = event["progress"]?.doubleValue, value.isFinite {
            // 100 is for a job that is done. A number of any size may come: it is cut before it becomes an integer.
            let whole = Int(max(0, min(99, value)))
            if whole > progress ?? -1 {
                progress = whole
                changed.insert("progress")
            }
        }
        if isRemote, let remote = event["remote"] { take(remote: remote) }
        take("stage", event["stage"], into: \.stage)
        take("component", event["component"], into: \.component)
        take("message", event["message"], into: \.message)
        if let value = event["result"], value.objectValue != nil {
            result = value
            changed.insert("result")
        }
        if let value = event["error"], value.objectValue != nil {
            error = value
            changed.insert("error")
        }
        if let value = event["resource"] { keep(value, by: "urn", "name", in: \.resources, "resources") }
        if let value = event["registration"] {
            keep(dated(value), by: "name", "endpoint", in: \.registrations, "registrations")
        }
    }

    /// Whether it dated registrations itself, so that a fold of the same events that was earlier knows better.
    var hasArrivals: Bool { !arrivals.isEmpty }

    /// Takes over when registrations came from what an earlier fold of the same events told.
    mutating func recall(_ earlier: JSON?) {
        for past in earlier?.arrayValue ?? [] {
            guard let identity = past["name"] ?? past["endpoint"], arrivals[identity] != nil,
                let time = past["registeredAt"]?.stringValue,
                let index = registrations.firstIndex(where: { ($0["name"] ?? $0["endpoint"]) == identity }),
                var registration = registrations[index].objectValue, registration["registeredAt"] != nil
            else { continue }
            arrivals[identity] = time
            registration["registeredAt"] = .string(time)
            registrations[index] = .object(registration)
            changed.insert("registrations")
        }
    }

    /// A registration with when it came, unless it says so itself.
    private mutating func dated(_ value: JSON) -> JSON {
        guard var registration = value.objectValue, let identity = value["name"] ?? value["endpoint"],
            registration["status"]?.stringValue == "registered", registration["registeredAt"] == nil,
            arrivals[identity] != nil || arrivals.count < EventFold.most
        else { return value }
        let time = arrivals[identity] ?? Timestamp.now().description
        arrivals[identity] = time
        registration["registeredAt"] = .string(time)
        return .object(registration)
    }

    private mutating func take(remote: JSON) {
        if remote["outcome"] != nil { remoteEnd = remote }
        if let pid = remote["pid"]?.intValue {
            remotePid = pid
            changed.insert("remotePid")
        }
    }

    /// The fields that changed since the last call.
    mutating func takeChanges() -> [(String, String)] {
        defer { changed = [] }
        return changed.sorted().compactMap { name in text(of: name).map { (name, $0) } }
    }

    /// Every field that is known.
    var all: [(String, String)] { EventFold.names.compactMap { name in text(of: name).map { (name, $0) } } }

    /// Every field that is known; nothing has changed after that.
    mutating func takeAll() -> [(String, String)] {
        changed = []
        return all
    }

    /// Nothing is pending or running any more once the attempt ended.
    mutating func close(succeeded: Bool) {
        for index in resources.indices {
            guard var resource = resources[index].objectValue else { continue }
            switch resource["status"]?.stringValue {
            case "running": resource["status"] = succeeded ? "succeeded" : "failed"
            case "pending": resource["status"] = succeeded ? "unchanged" : "failed"
            default: continue
            }
            resources[index] = .object(resource)
            changed.insert("resources")
        }
    }

    private mutating func take(_ name: String, _ value: JSON?, into path: WritableKeyPath<EventFold, String?>) {
        guard let text = value?.stringValue, text != self[keyPath: path] else { return }
        self[keyPath: path] = String(decoding: text.utf8.prefix(4096), as: UTF8.self)
        changed.insert(name)
    }

    /// Keeps the newest state of a thing, told apart by its key.
    private mutating func keep(
        _ value: JSON,
        by key: String,
        _ otherKey: String,
        in path: WritableKeyPath<EventFold, [JSON]>,
        _ name: String
    ) {
        guard value.objectValue != nil, let identity = value[key] ?? value[otherKey] else { return }
        changed.insert(name)
        if let index = self[keyPath: path].firstIndex(where: { ($0[key] ?? $0[otherKey]) == identity }) {
            self[keyPath: path][index] = value
        } else if self[keyPath: path].count < EventFold.most {
            self[keyPath: path].append(value)
        }
    }

    private func text(of name: String) -> String? {
        switch name {
        case "progress": progress.map(String.init)
        case "stage": stage
        case "component": component
        case "message": message
        case "remotePid": remotePid.map(String.init)
        case "result": result?.text
        case "error": error?.text
        case "resources": resources.isEmpty ? nil : JSON.array(resources).text
        case "registrations": registrations.isEmpty ? nil : JSON.array(registrations).text
        default: nil
        }
    }
}
