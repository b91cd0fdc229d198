import ArgumentParser
import HoistwayModel

/// Reads values of options.
enum OptionValue {
    @Sendable static func span(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(parsing: text) else {
            throw ValidationError("it must be a duration such as 30s or 5m")
        }
        return span
    }

    @Sendable static func stopMode(_ text: String) throws -> ControlDocument.StopMode {
        guard let mode = ControlDocument.StopMode(rawValue: text) else {
            throw ValidationError("it must be drain or detach")
        }
        return mode
    }

    @Sendable static func types(_ text: String) throws -> [JobType] {
        let names = text.split(separator: ",").map(String.init)
        for name in names where !Identifier.isName(name) {
            throw ValidationError("\"\(name)\" cannot be a job type")
        }
        if names.isEmpty { throw ValidationError("it must be job types such as application,backup") }
        return names.map { JobType($0) }
    }
}
