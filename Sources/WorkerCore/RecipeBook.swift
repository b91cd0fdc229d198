import Glibc
import HoistwayModel
import Recipes
import Remote

/// What performs a type of jobs.
struct Recipe: Sendable, Hashable {
    /// Absolute path.
    var executable: String
    var arguments: [String]
    /// What of it goes over to a server.
    var onServer: RemotePlan.Recipe
}

/// Finds recipes by type: those of the operator's folder first, then the built-in ones.
struct RecipeBook: Sendable {
    let folder: String?
    let executable: String

    /// The recipe for a type: `<folder>/<type>/run`, the file `<folder>/<type>`, or a built-in one. The file need not be
    /// executable here: that it is not is told when it is to be started.
    func recipe(for type: JobType) -> Recipe? {
        if let path = folder.flatMap({ RecipeBook.path(in: $0, type.name) }) {
            let isFolder = path.hasSuffix("/\(type.name)/run")
            let parent = String(path.dropLast("/run".utf8.count))
            return Recipe(executable: path, arguments: [path], onServer: isFolder ? .folder(parent) : .file(path))
        }
        guard BuiltInRecipes.types.contains(type.name) else { return nil }
        let words = ["recipe", type.name]
        return Recipe(
            executable: executable,
            arguments: ["hoistway"] + words,
            onServer: .program(executable, words)
        )
    }

    /// Every type there is a recipe for.
    func types() -> [JobType] {
        var names = Set(BuiltInRecipes.types)
        if let folder, let listing = opendir(folder) {
            defer { closedir(listing) }
            while let entry = readdir(listing) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if Identifier.isName(name), RecipeBook.path(in: folder, name) != nil { names.insert(name) }
            }
        }
        return names.map { JobType($0) }.sorted()
    }

    private static func path(in folder: String, _ name: String) -> String? {
        let path = "\(folder)/\(name)"
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        guard status.st_mode & S_IFMT == S_IFDIR else { return path }
        return access("\(path)/run", F_OK) == 0 ? "\(path)/run" : nil
    }
}
