/// The ending of a process tree: who wants it, how far it is.
struct Ending {
    /// Nil: the recipe exited by itself and left processes behind.
    var outcome: Outcome?
    var record: KillRecord
    var message: Bytes?
    /// When SIGKILL follows, on CLOCK_BOOTTIME in milliseconds.
    var killAt: Int64
    var isKilling = false
    /// Who got the signal of the present round.
    var reached: [ProcessIdentity] = []

    /// Which of two reasons is told when both apply.
    static func rank(_ outcome: Outcome?) -> Int {
        switch outcome {
        case nil: 0
        case .fenced: 3
        case .killed: 2
        default: 1
        }
    }
}
