/// Something in the live data that is not as it has to be.
package struct Breach: Sendable, Hashable {
    /// What it is about.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A job's own fields contradict each other.
        case fields
        /// A job is missing from a place where it belongs, or stands where it does not.
        case index
        /// A turn is held by who should not, or not by who should.
        case turn
        /// A job is missing from its queue.
        case queue
        /// A queue and the sets that name it do not match.
        case lane
        /// A dependency that nobody will settle.
        case dependency
        /// A worker's list of its jobs does not match.
        case worker
        /// A kill and the worker's list of kills do not match.
        case kill
        /// What is left of a removed job.
        case leftover
        /// A sum is wrong.
        case sum
        /// A history that the table of transitions does not allow.
        case history
        /// A fence that was given twice, or fell.
        case fence
        /// A key holds another kind of value than it has to.
        case value
    }

    package var kind: Kind
    /// The job's id, or the key.
    package var subject: String
    /// What is wrong, in words.
    package var sentence: String
    package var isRepairable: Bool
    package var isRepaired: Bool
    /// Where to look again.
    var place: Place

    enum Place: Sendable, Hashable {
        case job
        case history
        case entry(family: String, key: String, entry: String)
        case nowhere
    }
}
