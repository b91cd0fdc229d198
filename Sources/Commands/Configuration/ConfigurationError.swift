/// What is wrong with the configuration, and where.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// File and line, or the name of a variable.
    package var place: String
    package var message: String

    package var description: String { "\(place): \(message)" }
}
