import HoistwayModel

/// When a component counts as installed: a probe that has to succeed within some time.
struct ComponentCheck: Sendable {
    private let health: HealthCheck
    private let deadline: Duration

    /// Reads `check`: an object, or for short a command, a URL or `host:port`.
    init?(_ component: PayloadFields) {
        guard let fields = ComponentCheck.fields(component) else { return nil }
        fields.expect(["http", "tcp", "command", "interval", "timeout", "deadline"])
        deadline = fields.duration("deadline", default: .seconds(60))
        let interval = fields.duration("interval", default: .seconds(1))
        let timeout = fields.duration("timeout", default: .seconds(5))
        guard let probe = HealthCheck.Probe(fields) else {
            component.fail("check", "needs exactly one of http, tcp, command")
            return nil
        }
        health = HealthCheck(probe: probe, interval: interval, timeout: timeout, retries: .max, startPeriod: .zero)
    }

    private static func fields(_ component: PayloadFields) -> PayloadFields? {
        func short(_ kind: String, _ value: JSON) -> PayloadFields {
            PayloadFields(reader: component.reader, object: [kind: value], path: component.name("check"))
        }
        switch component.value("check") {
        case .array(let words): return short("command", .array(words))
        case .string(let text): return short(text.contains("://") ? "http" : "tcp", .string(text))
        default: return component.optionalFields("check")
        }
    }

    /// Waits until the probe succeeds.
    /// - Throws: `check_failed` when it has not by the deadline, `command_not_found` for a probe that cannot run.
    func wait(for name: String, in context: RecipeContext) async throws(RecipeFailure) {
        let clock = ContinuousClock()
        let end = clock.now + deadline
        var last = ""
        while true {
            var check = health
            // A probe that began in time is not waited for beyond the deadline.
            check.timeout = max(min(check.timeout, end - clock.now), .milliseconds(100))
            let probe = HealthProbe(check: check, context: context, variables: ["HOISTWAY_COMPONENT": name])
            guard let problem = try await probe.once() else { return }
            guard clock.now < end else {
                throw RecipeFailure(
                    code: "check_failed",
                    message: "\(name) did not answer within \(TimeSpan(deadline)): \(problem)"
                )
            }
            if problem != last { context.log.info("\(name) does not answer yet: \(problem)") }
            last = problem
            try? await Task.sleep(for: min(check.interval, end - clock.now))
        }
    }
}
