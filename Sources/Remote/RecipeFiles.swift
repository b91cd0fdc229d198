import Glibc

/// The files of a recipe, as they are sent to the server.
struct RecipeFiles {
    struct Entry: Equatable {
        /// Below the attempt's folder on the server.
        var name: String
        /// Absolute path here.
        var path: String
        var isFolder: Bool
        var mode: mode_t
        var size: Int
    }

    private(set) var entries: [Entry] = []
    /// What is run, below the attempt's folder; `nil` for a program that is kept on the server.
    private(set) var executable: String?

    private static let mostFiles = 10_000
    private static let mostBytes = 256 << 20

    /// Lists what is there now. Links are followed: what they lead to goes over.
    /// - Throws: `RemoteFailure` naming what cannot be read, or is too much.
    init(_ recipe: RemotePlan.Recipe) throws(RemoteFailure) {
        entries = [Entry(name: "recipe", path: "", isFolder: true, mode: 0o700, size: 0)]
        switch recipe {
        case .folder(let path):
            try add(folder: path, as: "recipe")
            executable = "recipe/run"
        case .file(let path):
            let name = path.split(separator: "/").last.map(String.init) ?? "run"
            executable = "recipe/\(name)"
            try add(path, as: "recipe/\(name)")
        case .program: break
        }
    }

    private mutating func add(_ path: String, as name: String) throws(RemoteFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw RecipeFiles.failure(path) }
        let mode = status.st_mode & 0o777 | 0o600
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            entries.append(Entry(name: name, path: path, isFolder: true, mode: mode | 0o700, size: 0))
            try add(folder: path, as: name)
        case S_IFREG:
            entries.append(Entry(name: name, path: path, isFolder: false, mode: mode, size: Int(status.st_size)))
        default: throw RemoteFailure("\(path) is neither a file nor a folder and cannot be sent", isRepeatable: false)
        }
        guard entries.count <= RecipeFiles.mostFiles, entries.reduce(0, { $0 + $1.size }) <= RecipeFiles.mostBytes
        else {
            throw RemoteFailure("the recipe is more than 10000 files or 256 MiB and is not sent", isRepeatable: false)
        }
    }

    private mutating func add(folder: String, as name: String) throws(RemoteFailure) {
        guard let listing = opendir(folder) else { throw RecipeFiles.failure(folder) }
        var names: [String] = []
        while let entry = readdir(listing) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        closedir(listing)
        for child in names.sorted() where child != "." && child != ".." {
            guard !child.contains("\n"), !child.hasPrefix(" "), !child.hasSuffix(" ") else {
                throw RemoteFailure(
                    "\(folder): a file name with a line break or a space at its end",
                    isRepeatable: false
                )
            }
            try add("\(folder)/\(child)", as: "\(name)/\(child)")
        }
    }

    private static func failure(_ path: String) -> RemoteFailure {
        RemoteFailure("\(path): \(String(cString: strerror(errno)))", isRepeatable: false)
    }
}
