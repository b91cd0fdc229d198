/// The cleanup commands of `application`, run once its process tree is empty, whatever ended it.
///
/// After a release that went live there is nothing left for them to do.
enum ApplicationCleanup {
    /// - Parameter arguments: `files <path> <fence> [<reload command> …]`, or `container <name> <resource> <fence> [<docker host>]`.
    static func run(_ arguments: [String], environment: [String: String], log: Log = Log(output: 1, error: 2)) async
        -> Int32
    {
        do throws(RecipeFailure) {
            switch (arguments.first, arguments.count) {
            case ("files", 3...):
                guard let fence = Int(arguments[2]) else { break }
                let folder = ReleaseFolder(path: arguments[1])
                let undone = try folder.locked { () throws(RecipeFailure) in try folder.recover(upTo: fence) }
                guard let undone else { return 0 }
                log.info("undone: release \(undone), which never proved healthy")
                let reload = Array(arguments.dropFirst(3))
                if reload.isEmpty { return 0 }
                return try await Command(arguments: reload, environment: environment, directory: folder.path).run(
                    log: log
                )
            case ("container", 4...5):
                guard let fence = Int(arguments[3]) else { break }
                var environment = environment
                if arguments.count == 5 { environment["DOCKER_HOST"] = arguments[4] }
                let docker = Docker(environment: environment, directory: "/", log: log)
                let containers = ContainerSet(name: arguments[1], resourceID: arguments[2], docker: docker)
                try await containers.recover(upTo: fence)
                return 0
            default: break
            }
            log.error("usage: recipe application cleanup files|container …")
            return 64
        } catch {
            log.error("cleanup failed: \(error.message)")
            return 1
        }
    }
}
