import HTTPTypes
import HoistwayModel
import Hummingbird
import NIOCore

extension Response {
    package static func json(
        _ json: JSON,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        Response.json(json.utf8, status: status, headers: headers)
    }

    /// - Parameter json: the text.
    package static func json(
        _ json: [UInt8],
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }

    package static func json(
        _ object: JSONObject,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        json(.object(object), status: status, headers: headers)
    }

    /// `{"items":[…],"nextCursor":…}`.
    package static func page(_ items: [JSON], nextCursor: String? = nil) -> Response {
        json(["items": .array(items), "nextCursor": .string(orNull: nextCursor)] as JSON)
    }

    /// 304, for a client that has what it asks for.
    static func notModified(_ tag: EntityTag) -> Response {
        Response(status: .notModified, headers: [.eTag: tag.text, .cacheControl: "no-cache"])
    }

    package static var noContent: Response { Response(status: .noContent) }
}
