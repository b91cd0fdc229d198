import HTTPTypes

/// Finds the route of a request.
struct RouteTable: Sendable {
    struct Match: Sendable {
        var route: Route
        var face: any Face
        var parameters: [String: String]
    }

    enum Result: Sendable {
        case match(Match)
        /// The path is there, with these methods.
        case otherMethods([HTTPRequest.Method], face: any Face)
        case notFound(face: (any Face)?)
    }

    private final class Node: Sendable {
        let children: [String: Node]
        let capture: (name: String, node: Node)?
        let routes: [(route: Route, face: Int)]

        init(_ entries: [(segments: ArraySlice<String>, route: Route, face: Int)]) {
            routes = entries.filter { $0.segments.isEmpty }.map { ($0.route, $0.face) }
            var named: [String: [(segments: ArraySlice<String>, route: Route, face: Int)]] = [:]
            var captured: [(segments: ArraySlice<String>, route: Route, face: Int)] = []
            var name = ""
            for entry in entries {
                guard let first = entry.segments.first else { continue }
                let rest = (segments: entry.segments.dropFirst(), route: entry.route, face: entry.face)
                if first.hasPrefix("{") {
                    name = String(first.dropFirst().dropLast())
                    captured.append(rest)
                } else {
                    named[first, default: []].append(rest)
                }
            }
            children = named.mapValues { Node($0) }
            capture = captured.isEmpty ? nil : (name, Node(captured))
        }
    }

    private let root: Node
    private let faces: [any Face]
    /// Every route, in the order of the faces.
    let routes: [Route]

    init(_ faces: [any Face]) {
        self.faces = faces
        let all = faces.enumerated().flatMap { index, face in face.routes.map { ($0, index) } }
        routes = all.map { $0.0 }
        root = Node(all.map { (RouteTable.segments($0.0.path)[...], $0.0, $0.1) })
    }

    /// - Parameter path: as it came, with its escapes.
    func find(_ method: HTTPRequest.Method, _ path: String) -> Result {
        var parameters: [String: String] = [:]
        guard let node = find(RouteTable.segments(path)[...], root, &parameters), !node.routes.isEmpty else {
            return .notFound(face: faces.first { $0.owns(path) })
        }
        let wanted = method == .head ? .get : method
        guard let found = node.routes.first(where: { $0.route.method == wanted }) else {
            var methods = node.routes.map(\.route.method)
            if methods.contains(.get) { methods.append(.head) }
            return .otherMethods(methods, face: faces[node.routes[0].face])
        }
        return .match(Match(route: found.route, face: faces[found.face], parameters: parameters))
    }

    private func find(_ segments: ArraySlice<String>, _ node: Node, _ parameters: inout [String: String]) -> Node? {
        guard let first = segments.first else { return node.routes.isEmpty ? nil : node }
        if let child = node.children[first], let found = find(segments.dropFirst(), child, &parameters) { return found }
        guard let capture = node.capture, let text = Percent.decode(first), !text.isEmpty else { return nil }
        parameters[capture.name] = text
        return find(segments.dropFirst(), capture.node, &parameters)
    }

    private static func segments(_ path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    }
}
