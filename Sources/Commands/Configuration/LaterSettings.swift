extension Configuration {
    /// The keys that were set and that this version reads, but does not act upon.
    var withoutEffect: [String] {
        var keys: [String] = []
        if !servers.isEmpty { keys.append("servers") }
        return keys
    }

    /// Says so, lest somebody relies on a limit that is not kept.
    func warnOfKeysWithoutEffect(_ console: Console) {
        guard !withoutEffect.isEmpty else { return }
        console.note("these keys have no effect in this version: \(withoutEffect.joined(separator: ", "))")
    }
}
