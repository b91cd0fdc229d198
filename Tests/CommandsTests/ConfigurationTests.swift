import HoistwayModel
import HoistwayStore
import Remote
import Testing

@testable import Commands

@Suite struct ConfigurationTests {
    /// All keys of the contract.
    private static let full = """
        redis: redis://user:password@127.0.0.1:6379/0
        prefix: hoistway
        data: /var/lib/hoistway
        recipes: /etc/hoistway/recipes
        types: [terraform]                      # job types of one's own
        worker: {slots: 4, types: [application, backup], node: eu-1, onStop: drain, fenceAfter: 60s, fenceMargin: 5s,
                 detachFor: 24h, killGrace: 10s, user: deploy, environment: {PATH: /usr/local/bin:/usr/bin:/bin},
                 noCommandEval: false,
                 secrets: {allow: ["file:/etc/hoistway/secrets/*", "env:DEPLOY_*"],
                           commands: {vault: [vault, read, secret]}}}
        limits: {application: 4, "server:eu-1": 2}
        rate: {backup: 10/1h}
        queue: {limit: {application: 500}}
        resources: {memory: 2GiB, cpu: 2, pids: 512}
        logs: {maxBytes: 64MiB, redisBytes: 32MiB}
        retention: {default: {age: 30d, count: 1000, logBytes: 1GiB}, backup: {age: 365d}}
        servers: {eu-1: {host: 10.0.0.5, port: 2222, user: deploy, identityFile: /etc/hoistway/eu-1,
                         hostKey: "ssh-ed25519 AAAA"}}
        api: {listen: 127.0.0.1:8484, tlsCert: cert.pem, tlsKey: key.pem, noAuth: false}
        """

    private func read(_ yaml: String, _ environment: [String: String] = [:]) throws -> Configuration {
        let root = try Setting(yaml: yaml, file: "hoistway.yaml")
        return try Configuration(try EnvironmentOverrides.apply(environment, to: root), environment: environment)
    }

    private func error(_ yaml: String, _ environment: [String: String] = [:]) -> String? {
        do {
            _ = try read(yaml, environment)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func knowsEveryKey() throws {
        let configuration = try read(ConfigurationTests.full)
        #expect(configuration.redis == "redis://user:password@127.0.0.1:6379/0")
        #expect(configuration.types == [JobType("terraform")])
        #expect(configuration.worker.slots == 4)
        #expect(configuration.worker.types == [.application, .backup])
        #expect(configuration.worker.onStop == .drain)
        #expect(configuration.worker.fenceAfter == .seconds(60))
        #expect(configuration.worker.detachFor == .seconds(86_400))
        #expect(configuration.worker.environment.map(\.value) == ["/usr/local/bin:/usr/bin:/bin"])
        #expect(configuration.worker.noCommandEval == false)
        #expect(configuration.worker.secretsAllow == ["file:/etc/hoistway/secrets/*", "env:DEPLOY_*"])
        #expect(configuration.worker.secretCommands == ["vault": ["vault", "read", "secret"]])
        #expect(
            configuration.limits
                == Limits(
                    running: ["application": 4, "server:eu-1": 2],
                    rate: [.backup: Rate(count: 10, period: .seconds(3600))],
                    waiting: [.application: 500]
                )
        )
        #expect(configuration.resources.memory == 2 << 30)
        #expect(configuration.resources.cpu == 2)
        #expect(configuration.logs.maxBytes == 64 << 20)
        #expect(configuration.logs.redisBytes == 32 << 20)
        #expect(configuration.retention["default"]?.logBytes == 1 << 30)
        #expect(configuration.retention["backup"]?.age == .seconds(365 * 86_400))
        let server = RemoteServer(
            host: "10.0.0.5",
            port: 2222,
            user: "deploy",
            identityFile: "/etc/hoistway/eu-1",
            hostKeys: .known(["ssh-ed25519 AAAA"])
        )
        #expect(configuration.servers["eu-1"] == server)
        #expect(configuration.api.noAuth == false)
    }

    @Test func hostKeys() throws {
        for (text, keys) in [
            ("", RemoteServer.HostKeys.ofUser), (", hostKey: accept-new", .firstSeen),
            (", hostKey: \"ssh-ed25519 AAAA me@host\\nssh-rsa AAAAB\"", .known(["ssh-ed25519 AAAA", "ssh-rsa AAAAB"])),
        ] {
            let configuration = try read("servers: {a: {host: b\(text)}}")
            #expect(configuration.servers["a"] == RemoteServer(host: "b", hostKeys: keys))
        }
    }

    @Test(arguments: ["", "# nothing\n", "worker:\n", "worker: {}\n", "~"])
    func anEmptyFileSaysNothing(yaml: String) throws {
        #expect(try read(yaml).worker.slots == nil)
    }

    @Test(arguments: [
        ("prefix: a\nwroker: {slots: 2}\n", "hoistway.yaml:2: unknown key \"wroker\"; did you mean \"worker\"?"),
        ("worker:\n  slot: 2\n", "hoistway.yaml:2: unknown key \"worker.slot\"; did you mean \"worker.slots\"?"),
        ("slots: 4\n", "hoistway.yaml:1: unknown key \"slots\"; did you mean \"worker.slots\"?"),
        (
            "zzz: 1\n",
            "known are redis, prefix, durability, data, recipes, types, worker, limits, rate, queue, resources, logs, "
                + "retention, servers, api"
        ),
        ("limit: {application: 1}\n", "did you mean \"limits\"?"),
        ("worker:\n  secrets:\n    alow: []\n", "did you mean \"worker.secrets.allow\"?"),
        ("servers:\n  a:\n    host: b\n    prot: 1\n", "hoistway.yaml:4: unknown key \"servers.a.prot\""),
        (
            "worker:\n  slots: many\n",
            "hoistway.yaml:2: worker.slots must be a whole number from 1 to 10000, not \"many\""
        ),
        ("worker: 7\n", "hoistway.yaml:1: worker must be a map, not \"7\""),
        ("types: terraform\n", "types must be a list"),
        ("worker: {fenceAfter: soon}\n", "worker.fenceAfter must be a duration"),
        ("logs: {maxBytes: big}\n", "logs.maxBytes must be a number of bytes"),
        ("rate: {backup: 10}\n", "rate.backup must be a count for a time"),
        ("limits: {\"server:\": 1}\n", "cannot be the name of a job type"),
        ("rate: {a b: 1/1s}\n", "cannot be the name of a job type"),
        ("limits: {application: 0}\n", "limits.application must be a whole number from 1 on"),
        ("worker: {noCommandEval: maybe}\n", "worker.noCommandEval must be true or false"),
        ("servers: {a: {port: 22}}\n", "servers.a.host is required"),
        ("servers: {a: {host: -oProxyCommand=x}}\n", "servers.a.host must be a host name or an address"),
        ("servers: {a: {host: b, hostKey: any}}\n", "servers.a.hostKey must be a public key such as"),
        ("servers: {a b: {host: b}}\n", "\"a b\" cannot be the name of a server"),
        ("prefix: a\nprefix: b\n", "is there twice"),
        ("prefix: [\n", "hoistway.yaml:2: it is not valid YAML"),
        ("- a\n", "the file must be a map"),
    ])
    func refuses(yaml: String, message: String) throws {
        let found = try #require(error(yaml))
        #expect(found.contains(message), "\(found)")
    }

    @Test func variablesOverrideTheFile() throws {
        let environment = [
            "HOISTWAY_WORKER_SLOTS": "9", "HOISTWAY_REDIS": "redis://a", "HOISTWAY_WORKER_TYPES": "backup, compose",
            "HOISTWAY_WORKER_FENCE_AFTER": "2m", "HOISTWAY_LOGS_MAX_BYTES": "1KiB", "HOISTWAY_PREFIX": "",
            "HOISTWAY_JOB_ID": "is of a recipe and no key",
        ]
        let configuration = try read(ConfigurationTests.full, environment)
        #expect(configuration.worker.slots == 9)
        #expect(configuration.redis == "redis://a")
        #expect(configuration.worker.types == [.backup, .compose])
        #expect(configuration.worker.fenceAfter == .seconds(120))
        #expect(configuration.logs.maxBytes == 1024)
        #expect(configuration.prefix == "hoistway")
        #expect(try read("", environment).worker.slots == 9)
    }

    @Test func aBadVariableIsNamed() {
        #expect(
            error("", ["HOISTWAY_WORKER_SLOTS": "x"])?.hasPrefix("HOISTWAY_WORKER_SLOTS: worker.slots must be") == true
        )
    }

    @Test(arguments: [
        ("HOISTWAY_RETENTION_DEFAULT_AGE", "retention"), ("HOISTWAY_RETENTION", "retention"),
        ("HOISTWAY_WORKER_ENVIRONMENT", "worker.environment"), ("HOISTWAY_LIMITS", "limits"),
        ("HOISTWAY_WORKER_SECRETS_COMMANDS_VAULT", "worker.secrets.commands"), ("HOISTWAY_SERVERS_A_HOST", "servers"),
        ("HOISTWAY_RATE_BACKUP", "rate"), ("HOISTWAY_QUEUE_LIMIT", "queue.limit"),
    ])
    func aMapHasNoVariable(name: String, path: String) throws {
        let found = try #require(error("", [name: "x"]))
        #expect(found.hasPrefix("\(name): \(path) has keys of one's own"), "\(found)")
        #expect(error("", [name: ""]) == nil)
    }

    @Test func aMistypedVariableIsToldOf() {
        func warnings(_ names: String...) -> [String] {
            EnvironmentOverrides.warnings(Dictionary(uniqueKeysWithValues: names.map { ($0, "1") }))
        }
        #expect(
            warnings("HOISTWAY_WORKER_SLOT") == [
                "the variable HOISTWAY_WORKER_SLOT means nothing; did you mean HOISTWAY_WORKER_SLOTS?"
            ]
        )
        #expect(warnings("HOISTWAY_REDISS", "HOISTWAY_LOG_MAX_BYTES").count == 2)
        // Those of recipes, of tests, of somebody else.
        #expect(
            warnings(
                "HOISTWAY_JOB_ID",
                "HOISTWAY_JOB_TYPE",
                "HOISTWAY_RESOURCE_ID",
                "HOISTWAY_ATTEMPT",
                "HOISTWAY_FENCE",
                "HOISTWAY_PAYLOAD",
                "HOISTWAY_WORKSPACE",
                "HOISTWAY_EVENTS",
                "HOISTWAY_ACTION",
                "HOISTWAY_NODE",
                "HOISTWAY_SERVER_ID",
                "HOISTWAY_DEPLOYMENT_ID",
                "HOISTWAY_VERSION",
                "HOISTWAY_ROLLBACK_OF",
                "HOISTWAY_RETRY_OF",
                "HOISTWAY_NO_COMMAND_EVAL",
                "HOISTWAY_SECRET_A",
                "HOISTWAY_QUICKSTART_BUILD",
                "HOISTWAY_TEST_X",
                "HOISTWAY_WORKER_SLOTS",
                "HOME"
            ) == []
        )
    }

    @Test func variablesAreExpandedForRecipes() throws {
        let yaml = "worker: {environment: {A: \"${SET}\", B: \"${UNSET}\", C: \"x-${SET}-${UNSET}-y\", D: 7}}"
        let variables = try read(yaml, ["SET": "s"]).worker.environment
        #expect(variables.map { "\($0.name)=\($0.value)" } == ["A=s", "C=x-s--y", "D=7"])
    }

    @Test(arguments: [
        ("0", 0), ("512", 512), ("1KiB", 1024), ("64MiB", 64 << 20), ("1.5GB", 1_500_000_000), ("3B", 3),
    ])
    func sizes(text: String, bytes: Int) {
        #expect(ByteCount(parsing: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1XB", "1 MiB", "nan", "1e3"])
    func noSizes(text: String) {
        #expect(ByteCount(parsing: text) == nil)
    }
}
