import ArgumentParser
import HoistwayModel

/// The root of the command line.
struct HoistwayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hoistway",
        abstract: "Runs deployments as jobs that are accounted for, whatever is killed in between.",
        discussion: """
            Example:
              hoistway up
              hoistway enqueue schedule nightly --set 'script=echo hello' --follow

            Exit codes: 0 yes, 1 the job or action failed, 2 not found, 64 usage or a bad field value, 69 Redis unreachable.
            """,
        version: Version.current,
        groupedSubcommands: [
            CommandGroup(name: "Run", subcommands: [UpCommand.self, WorkerCommand.self, APICommand.self]),
            CommandGroup(
                name: "Jobs",
                subcommands: [
                    EnqueueCommand.self, StatusCommand.self, ListCommand.self, WaitCommand.self, LogsCommand.self,
                    HistoryCommand.self, EventsCommand.self, KillCommand.self, RetryCommand.self, RollbackCommand.self,
                    RemoveCommand.self, PromoteCommand.self,
                ]
            ),
            CommandGroup(
                name: "Queues and workers",
                subcommands: [
                    QueuesCommand.self, PauseCommand.self, ResumeCommand.self, DrainCommand.self, WorkersCommand.self,
                    QuarantineCommand.self,
                ]
            ),
            CommandGroup(name: "Schedules", subcommands: [ScheduleCommand.self]),
            CommandGroup(name: "Access", subcommands: [TokenCommand.self]),
            CommandGroup(
                name: "Tools",
                subcommands: [
                    TopCommand.self, DoctorCommand.self, CompletionsCommand.self, RedisCLICommand.self,
                    RecipeCommand.self,
                ]
            ),
        ]
    )
}
