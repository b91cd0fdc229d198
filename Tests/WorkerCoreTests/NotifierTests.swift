import Glibc
import HoistwayModel
import HoistwayStore
import Logging
import RedisClient
import TestSupport
import Testing

@testable import WorkerCore

/// Who asked for it is told of an end by a real request; how that went is in the history.
@Suite(.redis, .timeLimit(.minutes(2))) struct NotifierTests {
    private func withStore(_ body: (Store) async throws -> Void) async throws {
        let client = try await RedisServer.required().client(scripts: Scripts.all)
        let store = Store(redis: client, prefix: randomPrefix())
        do {
            try await body(store)
            #expect(try await store.violations() == [])
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private func notifier(_ store: Store, allow: [String] = []) -> Notifier {
        Notifier(
            store: store,
            secrets: SecretResolver(allow: allow, commands: [:]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            waits: [.zero, .zero, .zero, .zero],
            timeout: .seconds(10)
        )
    }

    /// Ends a job that wants its end told.
    private func end(_ store: Store, notify: JSON, secrets: JSONObject = [:]) async throws {
        var document = JobDocument(type: .backup, resourceID: "db")
        document.id = "job"
        document.notify = [notify]
        document.secrets = secrets
        _ = try await store.enqueue(document)
        _ = try await store.kill("job", KillOrder())
    }

    private func outcome(_ store: Store) async throws -> JSON { try #require(try await store.history("job")?.last) }

    @Test func postsTheJobWithItsSignature() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(204)
            let directory = try TemporaryDirectory()
            let path = "\(directory.path)/key"
            try SmallFile.write("correct horse\n", to: path)
            try await end(
                store,
                notify: ["url": .string("http://127.0.0.1:\(receiver.port)/hook?token=t"), "secret": "KEY"],
                secrets: ["KEY": .string("file:\(path)")]
            )
            await notifier(store, allow: ["file:*"]).run()
            let request = try #require(receiver.requests.first)
            #expect(receiver.requests.count == 1 && request.head.first == "POST /hook?token=t HTTP/1.1")
            #expect(request.header("Content-Type") == "application/json")
            let signature = SHA256.hmac(request.body, key: Array("correct horse".utf8))
            #expect(request.header("X-Hoistway-Signature") == "sha256=\(signature)")
            let body = try JSON(parsing: request.body)
            #expect(body["id"] == "job" && body["status"] == "error" && body["reason"] == "cancelled")
            #expect(body["payload"] == [:] && body["pid"] == .null && body["waiting"] == .null)
            let entry = try await outcome(store)
            #expect(entry["event"] == "notified" && entry["data"]?["status"] == 204 && entry["data"]?["tries"] == 1)
            #expect(entry["data"]?["url"]?.stringValue == "http://127.0.0.1:\(receiver.port)/hook")
            try await receiver.stop()
        }
    }

    @Test func withoutASecretWithoutASignature() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(200)
            try await end(store, notify: ["url": .string("http://127.0.0.1:\(receiver.port)")])
            await notifier(store).run()
            #expect(receiver.requests.first?.head.first == "POST / HTTP/1.1")
            #expect(receiver.requests.first?.header("X-Hoistway-Signature") == nil)
            try await receiver.stop()
        }
    }

    @Test func triesAgainAfterFaults() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(500, 503, 302, 200)
            try await end(store, notify: ["url": .string("http://127.0.0.1:\(receiver.port)/")])
            await notifier(store).run()
            #expect(receiver.requests.count == 4)
            let entry = try await outcome(store)
            #expect(entry["event"] == "notified" && entry["data"]?["tries"] == 4)
            try await receiver.stop()
        }
    }

    @Test func givesUpAfterFiveTries() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(500)
            try await end(store, notify: ["url": .string("http://127.0.0.1:\(receiver.port)/")])
            await notifier(store).run()
            #expect(receiver.requests.count == 5)
            let entry = try await outcome(store)
            #expect(entry["event"] == "notifyFailed" && entry["status"] == "error" && entry["reason"] == "cancelled")
            #expect(entry["data"]?["tries"] == 5 && entry["data"]?["error"] == "it answered 500")
            await notifier(store).run()
            #expect(receiver.requests.count == 5)
            try await receiver.stop()
        }
    }

    @Test func aDeadReceiver() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(200)
            let port = receiver.port
            try await receiver.stop()
            try await end(store, notify: ["url": .string("http://user:word@127.0.0.1:\(port)/")])
            await notifier(store).run()
            let entry = try await outcome(store)
            #expect(entry["event"] == "notifyFailed" && entry["data"]?["tries"] == 5)
            #expect(entry["data"]?["error"]?.stringValue?.isEmpty == false)
            #expect(!entry.text.contains("word"))
        }
    }

    /// A receiver whose certificate nobody vouches for gets nothing.
    @Test func aCertificateThatIsNotTrusted() async throws {
        try await withStore { store async throws in
            let directory = try TemporaryDirectory()
            let port = try RedisServer.freePort()
            let made = try await ChildProcess.start(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
                    + ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
                    + ["-keyout", "\(directory.path)/key", "-out", "\(directory.path)/cert"],
                log: "\(directory.path)/log"
            )
            try await ChildProcess.end(made, 0)
            let server = try await ChildProcess.start(
                ["openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-www", "-key", "\(directory.path)/key"]
                    + ["-cert", "\(directory.path)/cert"],
                log: "\(directory.path)/log"
            )
            try await eventually("the server") { Site.text("\(directory.path)/log")?.contains("ACCEPT") == true }
            try await end(store, notify: ["url": .string("https://127.0.0.1:\(port)/")])
            await notifier(store).run()
            let entry = try await outcome(store)
            #expect(entry["event"] == "notifyFailed" && entry["data"]?["tries"] == 5)
            #expect(
                entry["data"]?["error"]?.stringValue?.contains("CERTIFICATE_VERIFY_FAILED") == true,
                "\(entry.text)"
            )
            try await ChildProcess.end(server, SIGKILL)
        }
    }

    @Test func aReceiverThatSpeaksNoTLS() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(200)
            try await end(store, notify: ["url": .string("https://127.0.0.1:\(receiver.port)/")])
            await notifier(store).run()
            #expect(try await outcome(store)["event"] == "notifyFailed")
            #expect(receiver.requests.isEmpty)
            try await receiver.stop()
        }
    }

    @Test func aSecretThatIsNotAllowed() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(200)
            let url = JSON.string("http://127.0.0.1:\(receiver.port)/")
            try await end(store, notify: ["url": url, "secret": "KEY"], secrets: ["KEY": "env:HOME"])
            await notifier(store).run()
            #expect(receiver.requests.isEmpty)
            #expect(try await outcome(store)["data"]?["error"]?.stringValue?.contains("not allowed") == true)
            try await receiver.stop()
        }
    }

    /// Five processes died over it: the sixth tells so.
    @Test func whoeverSendsItDies() async throws {
        try await withStore { store async throws in
            let receiver = try await HTTPReceiver.start(200)
            try await end(store, notify: ["url": .string("http://127.0.0.1:\(receiver.port)/")])
            for _ in 0..<5 {
                let leased = try #require(try await store.takeNotifications().first)
                try await store.retry(leased, after: .zero)
            }
            await notifier(store).run()
            #expect(receiver.requests.isEmpty)
            #expect(try await outcome(store)["event"] == "notifyFailed")
            try await receiver.stop()
        }
    }
}
