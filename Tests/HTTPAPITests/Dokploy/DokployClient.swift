import HTTPAPI
import HoistwayModel
import HoistwayStore
import Testing

/// What clients of the Dokploy face ask for.
extension API {
    /// An action that reads.
    func query(_ action: String, _ query: String = "", _ scope: AccessScope = .read) async throws -> Answer {
        try await http(scope).get("/api/\(action)\(query.isEmpty ? "" : "?\(query)")")
    }

    /// An action that changes something.
    func mutate(_ action: String, _ input: JSON, _ scope: AccessScope = .operate) async throws -> Answer {
        try await http(scope).post("/api/\(action)", input)
    }

    /// Puts a resource into the registry.
    func register(_ type: String, _ id: String, _ resource: JSON = ["payload": ["tag": "v1"]]) async throws {
        let answer = try await http.put("/api/v1/resources/\(type)/\(id)", resource)
        #expect(answer.status == 200, "\(answer.text)")
    }

    /// Deploys by the face.
    /// - Returns: the deployment's id.
    func deploy(_ action: String, _ input: JSON) async throws -> String {
        let answer = try await mutate(action, input, .enqueue)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json.objectValue?.keys == ["success", "deploymentId"] && answer["success"] == true)
        return try #require(answer["deploymentId"].stringValue)
    }

    /// The deployments of a list.
    func deployments(_ action: String, _ query: String = "") async throws -> [JSON] {
        let answer = try await self.query(action, query)
        #expect(answer.status == 200, "\(answer.text)")
        return try #require(answer.json.arrayValue)
    }

    func deployment(_ id: String) async throws -> JSON {
        try #require(try await deployments("deployment.allCentralized").first { $0["deploymentId"]?.stringValue == id })
    }
}

/// Every action with an input that can be, what is needed for it, and whether it reads.
struct Action: Sendable, CustomStringConvertible {
    var name: String
    var input: [String: String]
    var scope: AccessScope
    var isQuery = false

    var description: String { name }
    var query: String { input.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "&") }
    var json: JSON {
        var object = JSONObject()
        for (key, value) in input.sorted(by: { $0.key < $1.key }) { object.append(key, .string(value)) }
        return .object(object)
    }

    static let all: [Action] = queries + operating + enqueuing

    static let queries: [Action] = [
        Action(name: "deployment.all", input: ["applicationId": "x"], scope: .read, isQuery: true),
        Action(name: "deployment.allByCompose", input: ["composeId": "x"], scope: .read, isQuery: true),
        Action(name: "deployment.allByServer", input: ["serverId": "x"], scope: .read, isQuery: true),
        Action(name: "deployment.allByType", input: ["id": "x", "type": "backup"], scope: .read, isQuery: true),
        Action(name: "deployment.allCentralized", input: [:], scope: .read, isQuery: true),
        Action(name: "deployment.queueList", input: [:], scope: .read, isQuery: true),
        Action(name: "deployment.readLogs", input: ["deploymentId": "x"], scope: .read, isQuery: true),
        Action(name: "settings.health", input: [:], scope: .read, isQuery: true),
        Action(name: "settings.getOpenApiDocument", input: [:], scope: .read, isQuery: true),
    ]

    static let operating: [Action] = [
        Action(name: "deployment.killProcess", input: ["deploymentId": "x"], scope: .operate),
        Action(name: "deployment.removeDeployment", input: ["deploymentId": "x"], scope: .operate),
        Action(name: "application.cancelDeployment", input: ["applicationId": "x"], scope: .operate),
        Action(name: "application.cleanQueues", input: ["applicationId": "x"], scope: .operate),
        Action(name: "compose.cancelDeployment", input: ["composeId": "x"], scope: .operate),
        Action(name: "compose.cleanQueues", input: ["composeId": "x"], scope: .operate),
        Action(name: "rollback.rollback", input: ["rollbackId": "x"], scope: .operate),
    ]

    static let enqueuing: [Action] =
        [
            Action(name: "application.deploy", input: ["applicationId": "x"], scope: .enqueue),
            Action(name: "application.redeploy", input: ["applicationId": "x"], scope: .enqueue),
            Action(name: "compose.deploy", input: ["composeId": "x"], scope: .enqueue),
            Action(name: "compose.redeploy", input: ["composeId": "x"], scope: .enqueue),
            Action(name: "previewDeployment.redeploy", input: ["previewDeploymentId": "x"], scope: .enqueue),
            Action(name: "schedule.runManually", input: ["scheduleId": "x"], scope: .enqueue),
            Action(name: "volumeBackups.runManually", input: ["volumeBackupId": "x"], scope: .enqueue),
        ]
        + ["Postgres", "MySql", "Mariadb", "Mongo", "Libsql", "Compose", "WebServer"].map {
            Action(name: "backup.manualBackup\($0)", input: ["backupId": "x"], scope: .enqueue)
        }
}
