import HoistwayModel
import HoistwayStore

/// Jobs with what they depend on under them.
struct JobTree {
    /// A line of the tree: a job, or the id of one that is gone.
    struct Row: Equatable {
        /// The branches before the id.
        var indent: String
        var id: String
        var job: Job?
        /// It stands further up with what it depends on.
        var isRepeated: Bool
    }

    /// How many jobs are read that do not stand on the page themselves.
    private static let mostRead = 1000

    private let page: [Job]
    private var known: [String: Job]

    /// - Parameter known: what the jobs of the page depend on, directly and further down.
    init(_ page: [Job], known: [Job] = []) {
        self.page = page
        self.known = Dictionary((page + known).map { ($0.id, $0) }) { first, _ in first }
    }

    /// Reads what the jobs of a page depend on.
    static func read(_ page: [Job], in store: Store) async throws -> JobTree {
        var tree = JobTree(page)
        var asked = Set(page.map(\.id))
        var next = page
        while !next.isEmpty {
            let missing = Set(next.flatMap(JobTree.dependencies)).subtracting(asked).sorted()
            let ids = missing.prefix(mostRead + page.count - asked.count)
            if ids.isEmpty { break }
            asked.formUnion(ids)
            next = try await store.jobs(Array(ids))
            for job in next { tree.known[job.id] = job }
        }
        return tree
    }

    /// First the jobs of the page that no other depends on, in their order, each followed by its dependencies.
    var rows: [Row] {
        let depended = Set(known.values.flatMap(JobTree.dependencies))
        var rows: [Row] = []
        var shown: Set<String> = []
        for job in page where !depended.contains(job.id) {
            add(job.id, branch: "", below: "", &rows, &shown)
        }
        return rows
    }

    private func add(_ id: String, branch: String, below: String, _ rows: inout [Row], _ shown: inout Set<String>) {
        let dependencies = known[id].map(JobTree.dependencies) ?? []
        let isNew = shown.insert(id).inserted
        rows.append(Row(indent: branch, id: id, job: known[id], isRepeated: !isNew && !dependencies.isEmpty))
        guard isNew else { return }
        for (index, dependency) in dependencies.enumerated() {
            let isLast = index == dependencies.count - 1
            add(
                dependency,
                branch: below + (isLast ? "└─ " : "├─ "),
                below: below + (isLast ? "   " : "│  "),
                &rows,
                &shown
            )
        }
    }

    private static func dependencies(of job: Job) -> [String] {
        job.json("dependsOn")?.arrayValue?.compactMap(\.stringValue) ?? []
    }
}
