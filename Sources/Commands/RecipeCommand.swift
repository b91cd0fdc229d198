import ArgumentParser
import Recipes

/// How a worker runs the built-in recipes: as processes of this program.
struct RecipeCommand: AsyncParsableCommand {
    static let name = "recipe"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Run a built-in recipe.",
        shouldDisplay: false
    )

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String] = []

    func run() async throws {
        let code = await BuiltInRecipes.run(arguments)
        if code != 0 { throw ExitCode(code) }
    }
}
