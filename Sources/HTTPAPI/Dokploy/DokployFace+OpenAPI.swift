import HoistwayModel

/// The description of this face alone, in which the product's clients look for actions.
extension DokployFace {
    var openAPI: JSON {
        let paths = procedures.map { (key: "/\($0.name)", value: DokployFace.path($0)) }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Hoistway for clients of Dokploy", "version": "1.0.0",
                "description": "Deployments: list, follow, start, kill, remove and roll back.",
            ],
            "servers": [["url": .string(DokployFace.prefix)]],
            "security": [["apiKey": []], ["bearer": []]],
            "tags": .array(Set(procedures.map(DokployFace.entity)).sorted().map { ["name": .string($0)] }),
            "paths": .object(JSONObject(pairs: paths)),
            "components": [
                "securitySchemes": [
                    "apiKey": ["type": "apiKey", "in": "header", "name": "x-api-key"],
                    "bearer": ["type": "http", "scheme": "bearer"],
                ],
                "schemas": DokployFace.schemas,
            ],
        ]
    }

    private static func entity(_ procedure: Procedure) -> String { String(procedure.name.prefix { $0 != "." }) }

    private static func path(_ procedure: Procedure) -> JSON {
        var operation: JSONObject = [
            "operationId": .string(procedure.name.replacing(".", with: "-")),
            "summary": .string(procedure.summary),
            "tags": [.string(entity(procedure))],
            "description": .string("Needs a token with the scope \"\(procedure.scope.rawValue)\"."),
        ]
        switch procedure.kind {
        case .query: operation.append("parameters", .array(procedure.fields.map(parameter)))
        case .mutation: operation.append("requestBody", body(procedure.fields))
        }
        operation.append("responses", responses(procedure))
        return [procedure.kind == .query ? "get" : "post": .object(operation)]
    }

    private static func parameter(_ field: Field) -> JSON {
        [
            "name": .string(field.name), "in": "query", "required": .bool(field.isRequired),
            "schema": schema(of: field),
        ]
    }

    private static func body(_ fields: [Field]) -> JSON {
        let properties = fields.map { (key: $0.name, value: schema(of: $0)) }
        let input: JSON = [
            "type": "object", "properties": .object(JSONObject(pairs: properties)),
            "required": .strings(fields.filter(\.isRequired).map(\.name)),
        ]
        return ["required": true, "content": ["application/json": ["schema": input]]]
    }

    private static func schema(of field: Field) -> JSON {
        switch field.kind {
        case .id, .optionalID: ["type": "string", "minLength": 1, "maxLength": 256]
        case .prose: ["type": ["string", "null"]]
        case .integer(let range):
            ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)]
        case .choice(let words): ["type": "string", "enum": .strings(words)]
        }
    }

    private static func responses(_ procedure: Procedure) -> JSON {
        func content(_ name: String, _ description: String) -> JSON {
            let schema: JSON = ["$ref": .string("#/components/schemas/\(name)")]
            return ["description": .string(description), "content": ["application/json": ["schema": schema]]]
        }
        var responses: JSONObject = ["200": content(procedure.answer.rawValue, "As asked.")]
        if !procedure.fields.isEmpty {
            responses.append("400", content("Error", "The input is wrong, or it cannot be done."))
        }
        responses.append("401", content("Error", "No token, or one that is not valid."))
        responses.append("403", content("Error", "The token lacks the scope."))
        if procedure.kind == .mutation || procedure.name == "deployment.readLogs" {
            responses.append("404", content("Error", "There is no such thing."))
        }
        if procedure.kind == .mutation {
            responses.append("409", content("Error", "Its state forbids it."))
            responses.append("413", content("Error", "The body is too large."))
            responses.append("415", content("Error", "The body is not JSON."))
        }
        responses.append("429", content("Error", "Too many requests, or as many jobs wait as may."))
        responses.append("503", content("Error", "Redis cannot be reached, or the log is on a host that is down."))
        return .object(responses)
    }

    private static var schemas: JSON {
        let text: JSON = ["type": "string"]
        let orNull: JSON = ["type": ["string", "null"]]
        let time: JSON = ["type": ["string", "null"], "format": "date-time"]
        var deployment: JSONObject = [:]
        for name in ["deploymentId", "title", "description", "logPath"] { deployment.append(name, text) }
        deployment.append("status", ["type": "string", "enum": .strings(JobStatus.allCases.map(\.rawValue))])
        let ids = [
            "pid", "applicationId", "composeId", "serverId", "previewDeploymentId", "errorMessage", "scheduleId",
            "backupId",
            "rollbackId", "volumeBackupId", "buildServerId",
        ]
        for name in ids { deployment.append(name, orNull) }
        deployment.append("isPreviewDeployment", ["type": "boolean"])
        for name in ["createdAt", "startedAt", "finishedAt"] { deployment.append(name, time) }
        let rollback = object([
            "rollbackId": text, "deploymentId": text, "version": ["type": ["integer", "null"]], "createdAt": time,
            "rolledBackBy": orNull,
        ])
        deployment.append("rollback", ["anyOf": [rollback, ["type": "null"]]])
        let number: JSON = ["type": ["integer", "null"]]
        let entry = object([
            "id": text, "name": text, "data": ["type": "object"], "timestamp": number, "processedOn": number,
            "finishedOn": number, "failedReason": orNull,
            "state": ["type": "string", "enum": ["waiting", "active"]],
        ])
        let issue: JSON = [
            "type": "object", "properties": ["message": text, "path": ["type": "array", "items": text]],
        ]
        return [
            "Deployment": object(deployment),
            "Deployments": ["type": "array", "items": ["$ref": "#/components/schemas/Deployment"]],
            "Queue": ["type": "array", "items": entry],
            "Accepted": object(["success": ["const": true], "deploymentId": text]),
            "Success": object(["success": ["const": true]]),
            "Cancelled": object(["success": ["const": true], "count": ["type": "integer"]]),
            "Log": text,
            "Health": object(["status": ["const": "ok"]]),
            "Document": ["type": "object"],
            "Error": object(["message": text, "code": text, "issues": ["type": "array", "items": issue]]),
        ]
    }

    /// An object of which every member is there.
    private static func object(_ properties: JSONObject) -> JSON {
        ["type": "object", "properties": .object(properties), "required": .strings(properties.keys)]
    }
}
