/// A JSON value that keeps what the wire said: members in their order, numbers as their source text.
///
/// Numbers stay text because a job document may carry integers over 2⁵³ that a `Double` would change.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number in its source text, for instance `12`, `-0.5` or `1e9`.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The text of a string, `nil` for any other kind.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a number without a fraction or exponent that fits 64 bits, `nil` for anything else.
    public var intValue: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }

    /// The value of a number that is an integer however it is written, such as `98.0` or `1e3`; `nil` for anything else.
    package var integerValue: Int? { intValue ?? doubleValue.flatMap { Int(exactly: $0) } }

    /// The value of any number, `nil` for any other kind.
    public var doubleValue: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    public var boolValue: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    public var arrayValue: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    public var isNull: Bool { self == .null }

    /// The member of an object, `nil` when this is no object or has no such member.
    public subscript(key: String) -> JSON? { objectValue?[key] }

    /// What kind of value this is, in the words of an error message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The members of a JSON object in the order in which they came.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral, Sequence {
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: JSON
    }

    public private(set) var members: [Member]

    public init(_ members: [Member] = []) {
        self.members = members
    }

    public init(dictionaryLiteral elements: (String, JSON)...) {
        members = elements.map { Member(key: $0.0, value: $0.1) }
    }

    public var keys: [String] { members.map(\.key) }
    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }

    /// The value of the last member with this key; setting `nil` removes it.
    public subscript(key: String) -> JSON? {
        get { members.last { $0.key == key }?.value }
        set {
            guard let newValue else {
                members.removeAll { $0.key == key }
                return
            }
            if let index = members.lastIndex(where: { $0.key == key }) {
                members[index].value = newValue
            } else {
                members.append(Member(key: key, value: newValue))
            }
        }
    }

    public mutating func append(_ key: String, _ value: JSON) {
        members.append(Member(key: key, value: value))
    }

    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    public init(floatLiteral value: Double) { self = .number(value.jsonText) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
    }

    public static func int(_ value: Int) -> JSON { .number(String(value)) }
    public static func double(_ value: Double) -> JSON { .number(value.jsonText) }
    public static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    /// The string, or null when there is none.
    public static func string(orNull value: String?) -> JSON { value.map { .string($0) } ?? .null }
}

extension Double {
    /// The shortest text that reads back as this number, without a fraction where there is none.
    package var jsonText: String {
        if self == rounded(), abs(self) < 1e15 { return String(Int(self)) }
        return isFinite ? String(self) : "null"
    }
}
