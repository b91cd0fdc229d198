import Glibc

/// The places between a claim and its settling where a worker may die; each has a test that kills it there.
enum CrashPoint: String {
    /// The store has given the job; nothing on disk knows of it.
    case claimed
    /// Recipe, environment and secrets are found; the attempt has no folder yet.
    case planned
    /// The launcher was asked.
    case launched
    /// The recipe runs; the store does not know.
    case started
    /// The store knows that it runs.
    case startRecorded
    /// The recipe has ended; the store does not know.
    case ended
    /// The store knows the end; the folder is not marked.
    case endRecorded

    /// In debug builds, dies here when the variable `HOISTWAY_CRASH_AT` names this place.
    func reached() {
        #if DEBUG
            if let name = getenv("HOISTWAY_CRASH_AT"), String(cString: name) == rawValue { kill(getpid(), SIGKILL) }
        #endif
    }
}
