import HTTPTypes
import HoistwayModel
import Hummingbird
import NIOCore

/// A page of the server's own: without scripts, without anything from elsewhere.
enum Page {
    private static let style = """
        :root { color-scheme: light dark; --line: #8884; --soft: #8882; --link: #0b62c4 }
        @media (prefers-color-scheme: dark) { :root { --link: #7ab8ff } }
        * { box-sizing: border-box }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem }
        h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 2.5rem } h3 { font-size: 1rem; margin: 1.2rem 0 .4rem }
        a { color: var(--link) } nav a { margin-right: 1rem; display: inline-block }
        code, pre { font: 14px/1.45 ui-monospace, monospace } code { overflow-wrap: anywhere }
        pre { background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: 4px; margin: .4rem 0 }
        details { border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0; padding: 0 .8rem }
        details[open] { padding-bottom: .6rem }
        summary { cursor: pointer; padding: .5rem 0 } summary small { opacity: .8 }
        summary b { display: inline-block; min-width: 4.5rem; font: 600 14px ui-monospace, monospace }
        .scroll { overflow-x: auto }
        table { border-collapse: collapse; width: 100%; font-size: 15px }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line) }
        td p, .note p { margin: .2rem 0 } .need { font-size: 13px; opacity: .8 }
        button { font: inherit; padding: .5rem 1.2rem; cursor: pointer }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
        """

    /// Lets nothing in but the style above, by its digest.
    private static let policy =
        "default-src 'none'; style-src 'sha256-\(base64(SHA256.digest(style.utf8)))'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'"

    static func text(_ title: String, _ body: HTML) -> String {
        let head: HTML = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            """
        let rest: HTML = "</style></head>\n<body><main>\(body)</main></body></html>\n"
        return head.text + style + rest.text
    }

    static func response(
        _ bytes: ByteBuffer,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.contentSecurityPolicy] = policy
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }

    static func response(
        _ title: String,
        _ body: HTML,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        response(ByteBuffer(string: text(title, body)), status: status, headers: headers)
    }

    /// RFC 4648 §4.
    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = Array(bytes[start..<min(start + 3, bytes.count)])
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
            for index in 0..<4 {
                let isPadding = index > group.count
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[bits >> (18 - 6 * index) & 63])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
