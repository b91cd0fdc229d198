import HoistwayModel

/// Lengths of time for people.
enum Ages {
    /// `12s`, `3m`, `5h` or `4d`; `-` without a time.
    static func since(_ time: Timestamp?, now: Timestamp = .now()) -> String {
        guard let time else { return "-" }
        return text(milliseconds: now.milliseconds - time.milliseconds)
    }

    /// The largest unit alone.
    static func text(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds / 1000)
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// `0.4s`, `12s`, `3m 5s`, `2h 10m`: how long something took.
    static func length(from start: Timestamp, to end: Timestamp) -> String {
        let milliseconds = max(0, end.milliseconds - start.milliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<10: return "\(seconds).\(milliseconds % 1000 / 100)s"
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m \(seconds % 60)s"
        default: return "\(seconds / 3600)h \(seconds / 60 % 60)m"
        }
    }
}
