/// Why something could not be supervised.
package enum SupervisionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The recipe could not be started; nothing of it ran. The text names the executable and the reason.
    case spawn(String)
    /// The folder, the monitor or the host failed, not the recipe.
    case infrastructure(String)
    /// Another worker holds the data folder.
    case inUse(data: String, by: String)
    /// An id that is none, or one that is taken.
    case invalid(String)

    package var description: String {
        switch self {
        case .spawn(let message), .infrastructure(let message), .invalid(let message): message
        case .inUse(let data, let holder): "the data folder \(data) is in use by \(holder); stop that worker first"
        }
    }
}
