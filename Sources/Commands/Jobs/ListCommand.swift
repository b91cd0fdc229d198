import ArgumentParser
import HoistwayModel
import HoistwayStore

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List jobs, newest first.",
        discussion: "Example: hoistway list --type application --status error --limit 10"
    )

    @Option(help: "Only of this type.")
    var type: String?

    @Option(help: "Only of this resource.")
    var resource: String?

    @Option(
        help: "Only pending, running, done or error.",
        transform: { text in
            guard let status = JobStatus(rawValue: text) else {
                throw ValidationError("it must be pending, running, done or error")
            }
            return status
        }
    )
    var status: JobStatus?

    @Option(help: "Only for this server.")
    var server: String?

    @Option(help: ArgumentHelp("Only with this label.", valueName: "key=value"))
    var label: String?

    @Option(help: "At most so many.")
    var limit = 50

    @Option(help: "Where an earlier page ended.")
    var cursor: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
    }

    private func filter() throws -> JobFilter {
        var filter = JobFilter()
        filter.type = type.map { JobType($0) }
        filter.resourceID = resource
        filter.status = status
        filter.server = server
        if let label {
            let pair = try Pair(parsing: label, option: "--label")
            filter.label = KillSelection.Label(key: pair.name, value: pair.value)
        }
        filter.limit = limit
        filter.cursor = cursor
        return filter
    }

    func run() async throws {
        let filter = try filter()
        try await Session.run(global) { session in
            let page = try await session.store.list(filter)
            if global.json {
                var items: [JSON] = []
                for job in page.jobs { items.append(try await JobView.json(job, in: session)) }
                session.print(JobView.page(items, nextCursor: page.nextCursor))
                return
            }
            JobTable.lines(page.jobs, width: session.console.width).forEach(session.console.line)
            if let cursor = page.nextCursor { session.console.note("there are more: --cursor \(cursor)") }
        }
    }
}

/// Jobs as a table.
enum JobTable {
    static func lines(_ jobs: [Job], width: Int?, now: Timestamp = .now()) -> [String] {
        var table = Table(["ID", "TYPE", "RESOURCE", "STATUS", "PROGRESS", "AGE", "TITLE"])
        for job in jobs {
            let age = Ages.since(job.createdAt, now: now)
            let progress = JobView.progress(job)
            table.rows.append([
                job.id, job.type.name, job.resourceID, job.state.description, progress.isEmpty ? "-" : progress, age,
                job.title,
            ])
        }
        return table.lines(width: width)
    }
}
