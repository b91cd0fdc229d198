import HTTPTypes

/// Where nobody needs a token a page of another site could act through the browser of somebody on this host: such requests are
/// told by their headers and refused.
enum OwnPages {
    /// - Throws: ``Problem`` (403) for a request that a foreign page made, and for one by a name that is not this host's own.
    static func check(_ head: HTTPRequest) throws(Problem) {
        if let authority = head.authority, !APIConfiguration.isLoopback(host(of: authority)) {
            throw Problem(.forbidden, code: "foreign_host", "without tokens only a name of this host itself is served")
        }
        guard let origin = head.headerFields[.origin] else { return }
        let place = origin.drop { $0 != "/" }.drop { $0 == "/" }
        guard !place.isEmpty, String(place) == head.authority else {
            throw Problem(.forbidden, code: "foreign_origin", "pages of other sites may not use this API")
        }
    }

    /// The host of `host:port` or `[address]:port`.
    private static func host(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }
}
