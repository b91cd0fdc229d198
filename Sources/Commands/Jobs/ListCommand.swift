import ArgumentParser
import HoistwayModel
import HoistwayStore

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List jobs, newest first.",
        discussion: """
            A page goes through the index of the narrowest condition; the other conditions look at no more than 2,000 jobs \
            a call, so that a page may be shorter than its limit and still tell where to go on.

            Example: hoistway list --type application --status error --limit 10
            """
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

    @Flag(help: "Show what jobs depend on under them.")
    var tree = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if tree, global.json { throw ValidationError("--json and --tree exclude each other") }
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
                let waiting = try await session.store.waiting(page.jobs)
                let items = zip(page.jobs, waiting).map { $0.json(waiting: $1) }
                session.print(JobView.page(items, nextCursor: page.nextCursor))
                return
            }
            let rows = tree ? try await JobTree.read(page.jobs, in: session.store).rows : JobTable.rows(page.jobs)
            JobTable.lines(rows, width: session.console.width).forEach(session.console.line)
            if let cursor = page.nextCursor { session.console.note("there are more: --cursor \(cursor)") }
        }
    }
}

/// Jobs as a table.
enum JobTable {
    static func rows(_ jobs: [Job]) -> [JobTree.Row] {
        jobs.map { JobTree.Row(indent: "", id: $0.id, job: $0, isRepeated: false) }
    }

    static func lines(_ rows: [JobTree.Row], width: Int?, now: Timestamp = .now()) -> [String] {
        var table = Table(["ID", "TYPE", "RESOURCE", "STATUS", "PROGRESS", "AGE", "TITLE"])
        for row in rows {
            guard let job = row.job else {
                table.rows.append([row.indent + row.id, "-", "-", "gone", "-", "-", ""])
                continue
            }
            let age = Ages.since(job.createdAt, now: now)
            let progress = JobView.progress(job)
            table.rows.append([
                row.indent + row.id, job.type.name, job.resourceID, job.state.description,
                progress.isEmpty ? "-" : progress, age, row.isRepeated ? "(see above)" : job.title,
            ])
        }
        return table.lines(width: width)
    }
}
