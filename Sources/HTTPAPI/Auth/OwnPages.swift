import HTTPTypes

/// Where nobody needs a token a page of another site could act through the browser of somebody on this host: such requests are
/// told by their headers and refused.
enum OwnPages {
    /// - Throws: ``Problem`` (403) for a request that a foreign page made, and for one by a name that is not this host's own.
    static func check(_ head: HTTPRequest) throws(Problem) {
        if let authority = head.authority, !APIConfiguration.isLoopback(host(of: authority)) {
            throw Problem(.forbidden, code: "foreign_host", "without tokens only a name of this host itself is served")
        }
        try checkOrigin(head.headerFields, authority: head.authority)
    }

    /// A page of ours, by the header that every browser sends with what a page of another origin asks of it.
    /// - Throws: ``Problem`` (403) for a request that a foreign page made.
    static func checkOrigin(_ headers: HTTPFields, authority: String?) throws(Problem) {
        guard let origin = headers[.origin] else { return }
        let place = origin.drop { $0 != "/" }.drop { $0 == "/" }
        guard !place.isEmpty, String(place) == authority else {
            throw Problem(.forbidden, code: "foreign_origin", "pages of other sites may not use this API")
        }
    }

    /// What a browser asks with its cookie: hosts that differ in nothing but the port share it, whoever they are.
    /// - Throws: ``Problem`` (403) for a change that lacks the header which only pages of ours can send.
    static func checkBrowser(_ head: HTTPRequest) throws(Problem) {
        try checkOrigin(head.headerFields, authority: head.authority)
        guard ![.get, .head].contains(head.method), (head.headerFields[BrowserSession.header] ?? "").isEmpty else {
            return
        }
        throw Problem(.forbidden, code: "foreign_request", "a change by cookie needs the header X-Hoistway-Request: 1")
    }

    /// The host of `host:port` or `[address]:port`.
    private static func host(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }
}
