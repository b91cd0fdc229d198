import HTTPTypes
import HoistwayModel
import Hummingbird
import NIOCore

/// What this API is, for programs and for people: OpenAPI 3.1, and the same as a page.
package struct DescriptionFace: Face {
    /// The OpenAPI document.
    package static let document = OpenAPIDocument.text

    private static let json = Fixed(document)
    private static let page = Fixed(DocsPage.text(of: (try? JSON(parsing: Array(document.utf8))) ?? [:]))

    /// What every program of this version answers alike.
    private struct Fixed: Sendable {
        let bytes: ByteBuffer
        let tag: EntityTag

        init(_ text: String) {
            bytes = ByteBuffer(string: text)
            tag = EntityTag(of: bytes.readableBytesView)
        }
    }

    package init() {}

    package var routes: [Route] {
        [
            Route(.get, "/openapi.json", .open) { request in
                DescriptionFace.answer(DescriptionFace.json, request) { bytes, headers in
                    var headers = headers
                    headers[.contentType] = "application/json"
                    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
                }
            },
            Route(.get, "/docs", .open) { request in
                DescriptionFace.answer(DescriptionFace.page, request) { Page.response($0, headers: $1) }
            },
        ]
    }

    private static func answer(
        _ content: Fixed,
        _ request: APIRequest,
        _ make: (ByteBuffer, HTTPFields) -> Response
    ) -> Response {
        let headers: HTTPFields = [.eTag: content.tag.text, .cacheControl: "no-cache"]
        if content.tag.fits(request.headers[.ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
        return make(content.bytes, headers)
    }
}
