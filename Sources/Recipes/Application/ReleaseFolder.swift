import Glibc
import HoistwayModel

/// The layout below a `files` release's path: `releases/<id>`, and `current`, a link to one of them.
struct ReleaseFolder: Sendable {
    /// What a release says of itself, in a file within it.
    struct Manifest: Sendable {
        var id: String
        var fence: Int
        /// The release it took the place of.
        var previous: String?
        /// Whether it proved healthy; one that is not is undone by the next start.
        var isLive: Bool
        var commit: String?
        var resourceID: String
    }

    let path: String

    private static let manifestName = ".hoistway.json"
    private static let incompletePrefix = ".incomplete-"

    var releases: String { path + "/releases" }
    var current: String { path + "/current" }

    func release(_ id: String) -> String { releases + "/" + id }
    func incomplete(_ id: String) -> String { releases + "/" + ReleaseFolder.incompletePrefix + id }

    /// Performs a change while no other attempt changes the same folder.
    func locked<Value>(_ body: () throws(RecipeFailure) -> Value) throws(RecipeFailure) -> Value {
        let file = path + "/.hoistway.lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Files.failure("open", file) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Files.failure("lock", file) }
        }
        return try body()
    }

    /// The id of the release that `current` leads to, `nil` when there is none.
    func currentID() throws(RecipeFailure) -> String? {
        guard let status = Files.status(current) else { return nil }
        guard status.isSymbolicLink, let target = Files.readLink(current) else {
            throw RecipeFailure(
                code: "current_not_a_link",
                message: "\(current) is no symbolic link; move it away, releases are switched by a link of this name",
                retryable: false
            )
        }
        return target.split(separator: "/").last.map(String.init)
    }

    /// Leads `current` to a release in one step, or takes it away.
    func point(to id: String?) throws(RecipeFailure) {
        guard let id else { return try Files.remove(current) }
        let link = path + "/.current.next"
        try Files.remove(link)
        guard symlink("releases/" + id, link) == 0 else { throw Files.failure("make the link", link) }
        try Files.rename(link, current)
    }

    func manifest(_ id: String) -> Manifest? { manifest(in: release(id)) }

    private func manifest(in folder: String) -> Manifest? {
        guard let bytes = try? Files.read(folder + "/" + ReleaseFolder.manifestName),
            let json = try? JSON(parsing: bytes), let id = json["release"]?.stringValue,
            let fence = json["fence"]?.intValue
        else { return nil }
        return Manifest(
            id: id,
            fence: fence,
            previous: json["previous"]?.stringValue,
            isLive: json["live"]?.boolValue ?? false,
            commit: json["commit"]?.stringValue,
            resourceID: json["resource"]?.stringValue ?? ""
        )
    }

    func write(_ manifest: Manifest, in folder: String) throws(RecipeFailure) {
        let json: JSON = [
            "release": .string(manifest.id), "fence": .int(manifest.fence), "resource": .string(manifest.resourceID),
            "live": .bool(manifest.isLive), "previous": .string(orNull: manifest.previous),
            "commit": .string(orNull: manifest.commit),
        ]
        try Files.write(json.text + "\n", to: folder + "/" + ReleaseFolder.manifestName, mode: 0o644)
    }

    /// Every whole release, newest first.
    func manifests() -> [Manifest] {
        Files.list(releases).filter { !$0.hasPrefix(".") }.compactMap { self.manifest($0) }.sorted {
            $0.fence > $1.fence
        }
    }

    /// Undoes what attempts up to a fence left unfinished: half copies, and a switch to what never proved healthy.
    /// - Returns: The release that `current` was led back from, `nil` when nothing was.
    @discardableResult
    func recover(upTo fence: Int) throws(RecipeFailure) -> String? {
        var undone: String?
        if let id = try currentID(), let manifest = manifest(id), !manifest.isLive, manifest.fence <= fence {
            try point(to: manifest.previous.flatMap { self.manifest($0) == nil ? nil : $0 })
            undone = id
        }
        let now = try currentID()
        for manifest in manifests() where !manifest.isLive && manifest.fence <= fence && manifest.id != now {
            try Files.remove(release(manifest.id))
        }
        for name in Files.list(releases) where name.hasPrefix(ReleaseFolder.incompletePrefix) {
            let id = name.dropFirst(ReleaseFolder.incompletePrefix.count)
            let owner = id.split(separator: "-").first.flatMap { Int($0) } ?? 0
            if owner <= fence { try Files.remove(releases + "/" + name) }
        }
        return undone
    }

    /// Removes the oldest live releases beyond a number; never the current one.
    func prune(keeping count: Int) throws(RecipeFailure) {
        let current = try currentID()
        let others = manifests().filter { $0.id != current }
        for manifest in others.dropFirst(max(0, count - 1)) { try Files.remove(release(manifest.id)) }
    }
}
