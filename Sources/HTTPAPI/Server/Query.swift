import HTTPTypes
import HoistwayModel

/// The query of a request; every value that is asked for is checked, and what nobody asks for is let be.
package struct Query: Sendable {
    private var pairs: [(name: String, value: String)] = []

    static let empty = Query()

    private init() {}

    /// - Throws: ``Problem`` for escapes that are none.
    init(_ text: Substring?) throws(Problem) {
        for part in (text ?? "").split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Percent.decode(sides[0], plusIsSpace: true),
                let value = Percent.decode(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
            else { throw Problem(.badRequest, code: "invalid_query", "the query has an escape that is none") }
            pairs.append((name, value))
        }
    }

    /// The value of a name; the last one when it is there several times.
    package subscript(name: String) -> String? { pairs.last { $0.name == name }?.value }

    package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// - Throws: ``Problem`` (422) for what is no integer of the range.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let limits =
                range.upperBound == .max
                ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
            throw Problem(field: name, "must be an integer \(limits)")
        }
        return number
    }

    /// - Throws: ``Problem`` (422) for what is no length of time within the limit.
    package func seconds(_ name: String, most: Double) throws(Problem) -> Double? {
        guard let text = self[name] else { return nil }
        guard let span = TimeSpan(parsing: text), span.seconds <= most else {
            throw Problem(field: name, "must be a number of seconds from 0 to \(Int(most))")
        }
        return span.seconds
    }

    /// - Throws: ``Problem`` (422) for another word.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String,
        _: Choice.Type
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw Problem(field: name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }
}
