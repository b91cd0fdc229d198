import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import Supervision
import Synchronization

/// A worker's roles at work, from adoption to leaving.
struct Work: Sendable {
    let settings: WorkerSettings
    let identity: WorkerIdentity
    let supervisor: Supervisor
    let client: RedisClient
    let logger: Logger
    private let store: Store
    private let board: SlotBoard
    private let recipes: RecipeBook
    private let runner: Runner
    private let leases: Leaseholder
    private let types: TypeList
    private let secrets: SecretResolver

    init(
        settings: WorkerSettings,
        identity: WorkerIdentity,
        user: RecipeUser,
        supervisor: Supervisor,
        client: RedisClient,
        logger: Logger
    ) {
        self.settings = settings
        self.identity = identity
        self.supervisor = supervisor
        self.client = client
        self.logger = logger
        store = Store(redis: client, prefix: settings.prefix, durability: settings.durability)
        board = SlotBoard(capacity: settings.slots)
        recipes = RecipeBook(folder: settings.recipes, executable: settings.executablePath)
        types = TypeList(recipes.types(), only: settings.onlyTypes)
        let leases = Leaseholder(
            identity: identity,
            client: client,
            store: store,
            board: board,
            settings: settings,
            logger: logger
        )
        self.leases = leases
        let types = types
        secrets = SecretResolver(allow: settings.secretsAllow, commands: settings.secretCommands)
        let planner = LaunchPlanner(
            settings: settings,
            recipes: recipes,
            secrets: secrets,
            user: user
        )
        let scopes = Scope.served(node: settings.node, servers: settings.servers.keys.sorted())
        runner = Runner(
            store: store,
            supervisor: supervisor,
            planner: planner,
            leases: leases,
            board: board,
            executor: client.executor,
            claimant: {
                Claimant(
                    workerID: identity.id,
                    host: identity.host,
                    types: types.served,
                    scopes: scopes,
                    leases: leases.terms
                )
            },
            persistence: Persistence(logger: logger),
            shipping: LogShipping(store: store, all: settings.logRedisBytes, logger: logger),
            logger: logger
        )
    }

    /// - Returns: how the worker left, for people.
    func run(orders: StopOrders, onReady: @escaping @Sendable (String) -> Void) async throws -> String {
        // Adoption needs no Redis: what runs is watched before anything else can go wrong.
        let adoption = Task(executorPreference: client.executor) {
            await adopt()
            leases.complete()
        }
        let renewing = Task(executorPreference: client.executor) { await leases.run() }
        defer { renewing.cancel() }
        guard let claims = try await connect(orders) else { return "stopped before Redis was reached" }
        // Cleanup commands of a dead attempt may take long; nobody else has to wait for them.
        await adoption.value(within: .seconds(1))
        await leases.begin(claims)

        let beat = Beat(
            identity: identity,
            client: client,
            store: store,
            board: board,
            supervisor: supervisor,
            leases: leases,
            announcement: announcement,
            stop: { orders.request($0) },
            take: take,
            notifier: Notifier(store: store, secrets: secrets, logger: logger),
            shipping: runner.shipping,
            retention: settings.retention,
            logger: logger
        )
        await beat.giveBackMissing()
        let blocking = client.blocking()
        let claimer = Claimer(
            store: store,
            blocking: blocking,
            board: board,
            runner: runner,
            leases: leases,
            claimant: runner.claimant,
            logger: logger
        )
        let wakes = WorkerWakes(client: client, key: store.keys.wake(worker: identity.id))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await beat.run(wakes: wakes.stream, announce: announce) }
            group.addTask { await wakes.run() }
            let claiming = Task(executorPreference: client.executor) { await claimer.run() }
            onReady(identity.id)
            let text = await obey(orders, blocking, claiming, beat)
            group.cancelAll()
            await wakes.close()
            return text
        }
    }

    /// Watches what lives in the data folder and settles what does not. Settling waits for Redis, watching does not.
    private func adopt() async {
        for await found in supervisor.scan() { take(found) }
    }

    @Sendable private func take(_ found: FoundAttempt) {
        if case .alive(let attempt) = found {
            logger.info("adopted \(attempt.jobID)#\(attempt.attempt)")
            runner.adopt(attempt)
        } else if let id = found.jobID {
            board.beginSettling(id)
            Task {
                await runner.settle(found)
                board.endSettling(id)
            }
        }
    }

    /// Reaches Redis, however long it takes, and announces the worker.
    /// - Returns: the jobs that Redis believes it has; nil when it was told to stop before.
    private func connect(_ orders: StopOrders) async throws -> [String]? {
        while !orders.isStopping {
            do {
                try await client.connect()
                let announcement = announcement()
                let claims = try await store.register(
                    types: announcement.types,
                    worker: (identity.id, announcement.fields)
                )
                try await store.configure(settings.limits)
                if let warning = try? await store.evictionWarning() { logger.warning("\(warning)") }
                return claims
            } catch let error as RedisError where error.code != .needsHashTag {
                logger.warning("\(error); trying again in 5 s")
                for _ in 0..<50 where !orders.isStopping { try await Task.sleep(for: .milliseconds(100)) }
            }
        }
        return nil
    }

    /// Carries out the orders to stop, the gentlest first.
    private func obey(
        _ orders: StopOrders,
        _ blocking: RedisBlockingConnection,
        _ claiming: Task<Void, Never>,
        _ beat: Beat
    ) async -> String {
        let finished = AsyncStream<StopOrders.Order?> { continuation in
            Task {
                for await order in orders.stream { continuation.yield(order) }
            }
            Task {
                // A claim that is under way may still bring jobs.
                await claiming.value
                await board.waitUntilFinished()
                continuation.yield(nil)
            }
        }
        for await order in finished {
            switch order {
            case .drain:
                logger.info("draining: \(board.count) jobs still run")
                board.stopAccepting()
                await blocking.close()
                try? await store.leave(identity.id, state: "draining")
            case .detach:
                board.stopAccepting()
                await blocking.close()
                await claiming.value
                await finishWhatIsUnderWay()
                await beat.giveBackMissing()
                await leases.detach()
                try? await store.leave(identity.id, state: board.count == 0 ? "stopped" : "detached")
                return "detached: \(board.count) jobs go on"
            case .kill:
                logger.warning("killing \(board.count) jobs")
                board.killAll(by: identity.id, why: "the worker was told to stop")
            case .leave:
                return "left at once: \(board.count) jobs go on"
            case nil:
                await beat.giveBackMissing()
                try? await store.leave(identity.id, state: "stopped")
                return "stopped"
            }
        }
        return "stopped"
    }

    /// Waits for launches, which end by themselves, and for ends that are being recorded, as long as Redis answers: the
    /// same round trip may bring a job.
    private func finishWhatIsUnderWay() async {
        let patience = ContinuousClock.now + .seconds(5)
        while board.isLaunching || board.isRecording && ContinuousClock.now < patience {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    @Sendable private func announcement() -> WorkerAnnouncement {
        types.update(recipes.types())
        let fields: [(String, String)] = [
            ("host", identity.host), ("node", settings.node ?? ""), ("pid", String(getpid())),
            ("types", types.served.map(\.name).joined(separator: ",")),
            ("servers", settings.servers.keys.sorted().joined(separator: ",")),
            ("slots", String(settings.slots)), ("fenceAfter", settings.fenceAfter.seconds.jsonText),
            ("fenceMargin", settings.fenceMargin.seconds.jsonText), ("running", String(board.count)),
            ("version", Version.current),
        ]
        return WorkerAnnouncement(types: JobType.builtIn + types.served + settings.ownTypes, fields: fields)
    }

    /// Makes a recipe known that was added while the worker runs, or the worker itself again.
    @Sendable private func announce(isUnknown: Bool) async {
        let before = types.served
        let announcement = announcement()
        guard isUnknown || types.served != before, board.isAccepting else { return }
        if isUnknown {
            _ = try? await store.register(types: announcement.types, worker: (identity.id, announcement.fields))
            // Redis that lost this worker may have lost its limits too.
            try? await store.configure(settings.limits)
        } else {
            let fields = announcement.fields.filter { $0.0 == "types" }
            _ = try? await store.serve(announcement.types, worker: identity.id, fields: fields)
        }
        // The claimer waits for hints about the types it knew.
        _ = try? await store.wake(claimer: identity.id)
    }
}

extension Task where Success == Void, Failure == Never {
    /// Waits for the end of the task, but not longer than this.
    fileprivate func value(within limit: Duration) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        Task<Void, Never> {
            await self.value
            continuation.finish()
        }
        Task<Void, Never> {
            try? await Task<Never, Never>.sleep(for: limit)
            continuation.finish()
        }
        for await _ in stream {}
    }
}

extension FoundAttempt {
    /// The job of an attempt that does not live.
    fileprivate var jobID: String? {
        switch self {
        case .alive: nil
        case .ended(let info, _), .neverStarted(let info), .lost(let info, _): info.jobID
        }
    }
}

/// The types a worker serves; recipes may come and go while it runs.
final class TypeList: Sendable {
    private let only: [JobType]?
    private let types: Mutex<[JobType]>

    init(_ types: [JobType], only: [JobType]?) {
        self.only = only
        self.types = Mutex(types)
    }

    var served: [JobType] {
        let known = types.withLock { $0 }
        guard let only else { return known }
        return known.filter { only.contains($0) }
    }

    func update(_ known: [JobType]) {
        types.withLock { $0 = known }
    }
}

/// Tells when somebody has something for this worker: a kill, a request to stop.
struct WorkerWakes: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let connection: RedisBlockingConnection
    private let key: String

    init(client: RedisClient, key: String) {
        connection = client.blocking()
        self.key = key
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func run() async {
        while !Task.isCancelled {
            do {
                if try await connection.blpop([key], seconds: 30) != nil { continuation.yield() }
            } catch {
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
        continuation.finish()
    }

    func close() async {
        await connection.close()
    }
}
