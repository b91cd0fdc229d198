import HoistwayModel
import Remote
import Supervision

extension LaunchPlanner {
    /// Seconds after which each side of a connection takes the other for gone.
    private static let remoteLimit = 15
    private static let leastRemoteLimit = 3
    /// Seconds that a server takes to notice that its time is over.
    private static let remoteMargin = 2

    /// Has a recipe run on a server: what the monitor starts becomes its near side, which runs as this worker does.
    /// - Throws: `LaunchFailure` when the server is not in the configuration any more.
    func move(
        _ launch: inout Launch,
        of job: Job,
        to server: String,
        _ recipe: RemotePlan.Recipe,
        workspace: String
    ) throws(LaunchFailure) {
        guard let place = settings.servers[server] else {
            throw LaunchFailure(message: "this worker knows no server \(server) any more", isRepeatable: false)
        }
        let plan = RemotePlan(
            serverID: server,
            server: place,
            name: "\(job.id).\(launch.fence)",
            fence: launch.fence,
            guardKey: "\(settings.prefix) \(job.id) \(job.fields["createdAt"] ?? "")",
            recipe: recipe,
            workspace: workspace,
            limit: remoteLimit,
            grace: Int((launch.killGrace / .seconds(1)).rounded(.up)),
            knownHosts: "\(settings.data)/known_hosts"
        )
        var near = Variables()
        for (name, value) in launch.environment { near.set(RemotePlan.prefix + name, value) }
        near.set("PATH", LaunchPlanner.standardPath)
        near.set("LANG", "C.UTF-8")
        for (name, value) in user.ownVariables { near.set(name, value) }
        // What tells the processes of an attempt whose monitor died.
        for name in ["HOISTWAY_JOB_ID", "HOISTWAY_FENCE"] {
            if let variable = launch.environment.first(where: { $0.0 == name }) { near.set(name, variable.1) }
        }
        near.set(RemotePlan.variable, plan.text)
        launch.environment = near.pairs
        launch.executable = settings.executablePath
        launch.arguments = NearSide.runArguments
        launch.user = nil
        // They are for the recipe, which is not here.
        launch.resources = ResourceLimits()
        launch.leaseReserve = .seconds(plan.limit + LaunchPlanner.remoteMargin)
    }

    /// A lease that is short leaves less time to a server that nobody can reach.
    private var remoteLimit: Int {
        let lease = settings.fenceAfter.milliseconds / 1000
        guard lease > 0 else { return LaunchPlanner.remoteLimit }
        return max(LaunchPlanner.leastRemoteLimit, min(LaunchPlanner.remoteLimit, Int(lease) / 4))
    }
}
