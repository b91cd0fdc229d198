/// A server that jobs run on, as the configuration describes it.
package struct RemoteServer: Sendable, Hashable {
    /// Which host keys are believed.
    package enum HostKeys: Sendable, Hashable {
        /// These, each `<type> <base64>`.
        case known([String])
        /// Those that the worker's user knows already (`~/.ssh/known_hosts`, `/etc/ssh/ssh_known_hosts`).
        case ofUser
        /// The first one that is seen, and only that one from then on.
        case firstSeen
    }

    package var host: String
    package var port: Int
    /// Whom commands run as; the worker's own name when `nil`.
    package var user: String?
    /// Absolute path of a private key; those of the worker's user when `nil`.
    package var identityFile: String?
    package var hostKeys: HostKeys

    package init(
        host: String,
        port: Int = 22,
        user: String? = nil,
        identityFile: String? = nil,
        hostKeys: HostKeys = .ofUser
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.identityFile = identityFile
        self.hostKeys = hostKeys
    }
}
