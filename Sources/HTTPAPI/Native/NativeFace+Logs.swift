import HTTPTypes
import Hoistway
import HoistwayModel
import Hummingbird
import NIOCore

extension NativeFace {
    var logRoutes: [Route] {
        let logs = "\(NativeFace.prefix)/jobs/{id}/logs"
        return [
            .get(logs, log), .get("\(logs)/stream", followLog), .get("\(NativeFace.prefix)/events", followEvents),
        ]
    }

    private func log(_ request: APIRequest) async throws -> Response {
        let id = request.parameter("id")
        let offset = try request.query.integer("offset", in: 0...9_007_199_254_740_991)
        let limit = try request.query.integer("limit", in: 1...LogService.mostBytes)
        let tail = try request.query.integer("tail", in: 0...1_000_000)
        if tail != nil, offset != nil { throw Problem(field: "tail", "cannot be combined with offset") }
        let slice: LogService.Slice
        if let tail {
            slice = try await services.logs.slice(id, lastLines: tail, limit: limit ?? LogService.mostBytes)
        } else {
            slice = try await services.logs.read(id, from: offset ?? 0, limit: limit ?? LogService.mostBytes)
        }
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8"]
        headers["x-next-offset"] = String(slice.nextOffset)
        headers["x-job-status"] = slice.job.status.rawValue
        headers["x-job-attempt"] = String(slice.job.attempt)
        if let gap = slice.gap { headers["x-log-gap"] = "\(gap.lowerBound)-\(gap.upperBound)" }
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: slice.bytes))
        return Response(status: .ok, headers: headers, body: body)
    }

    private func followLog(_ request: APIRequest) async throws -> Response {
        try await .log(of: services.jobs.get(request.parameter("id")), services, request)
    }

    private func followEvents(_ request: APIRequest) async throws -> Response {
        let last = request.headers["last-event-id"].flatMap { $0.isEmpty ? nil : $0 }
        if let last {
            let parts = last.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ UInt64($0) != nil }) else {
                throw Problem(.badRequest, code: "invalid_position", "Last-Event-ID is none that this stream sent")
            }
        }
        let events = services.events
        return .stream(request) { writer in
            try await events.follow(after: last, beat: ServerSentEvent.beat) { step in
                try await writer.write(NativeFace.text(of: step))
            }
        }
    }

    private static func text(of step: EventService.Step) -> ByteBuffer {
        var buffer = ByteBuffer()
        switch step {
        case .events(let events):
            for event in events {
                ServerSentEvent.write(JSON.object(event.fields).utf8, id: event.position, into: &buffer)
            }
        case .resync(let position):
            let data: JSON = ["oldest": .string(position)]
            ServerSentEvent.write(data.utf8, name: "resync", into: &buffer)
        case .beat: buffer = ServerSentEvent.heartbeat
        }
        return buffer
    }
}
