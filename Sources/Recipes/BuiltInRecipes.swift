import Glibc

/// The recipes that travel inside the program, each run as a process of its own.
package enum BuiltInRecipes {
    /// The job types that have a built-in recipe.
    package static let types = ["application", "installer", "schedule"]

    /// Performs the recipe that the first word names, and answers its exit code: 0 done, 75 temporary, anything else
    /// failed. Reads the environment of a recipe (job, payload, workspace, event pipe).
    ///
    /// - Parameter arguments: The type, and for a cleanup command `cleanup` and what it is to clean.
    package static func run(_ arguments: [String]) async -> Int32 {
        guard let type = arguments.first, types.contains(type) else {
            Log(output: 1, error: 2).error("usage: recipe \(types.joined(separator: "|"))")
            return 64
        }
        let environment = ProcessEnvironment.current()
        if arguments.count > 1 {
            guard type == "application", arguments[1] == "cleanup" else {
                Log(output: 1, error: 2).error("usage: recipe application cleanup files|container …")
                return 64
            }
            return await ApplicationCleanup.run(Array(arguments.dropFirst(2)), environment: environment)
        }
        do throws(RecipeFailure) {
            let context = try RecipeContext(process: environment)
            return await run(type, in: context)
        } catch {
            Log(output: 1, error: 2).error(error.message)
            return error.exitCode
        }
    }

    /// Performs a recipe in a given context and reports its failure as an `error` event.
    static func run(_ type: String, in context: RecipeContext) async -> Int32 {
        do throws(RecipeFailure) {
            switch type {
            case "application": try await ApplicationRecipe(context: context).run()
            case "installer": try await InstallerRecipe(context: context).run()
            default: try await ScheduleRecipe(context: context).run()
            }
            return 0
        } catch {
            context.report(error)
            return error.exitCode
        }
    }
}
