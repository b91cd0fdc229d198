import HTTPAPI
import HoistwayModel
import HoistwayStore
import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite(.redis, .timeLimit(.minutes(3))) struct ServerTests {
    @Test func whatIsNotThereIsNotFound() async throws {
        try await API.with { api async throws in
            for path in ["/", "/api/v1", "/api/v1/nothing", "/api/v1/jobs/", "/api/v1/jobs/x/y", "//", "/%2e%2e/jobs"] {
                let answer = try await api.http.get(path)
                #expect(answer.status == 404, "\(path)")
                #expect(
                    answer["code"].stringValue != nil && answer[header: "content-type"] == "application/problem+json"
                )
            }
            #expect(try await api.http.get("/api/v1/jobs/%ff").status == 404)
        }
    }

    @Test func anotherMethodIsToldWhichThereAre() async throws {
        try await API.with { api async throws in
            let answer = try await api.stranger.send("PATCH", "/api/v1/jobs/x")
            #expect(answer.status == 405 && answer[header: "allow"] == "DELETE, GET, HEAD")
            #expect(answer["code"] == "method_not_allowed")
            #expect(try await api.stranger.send("GET", "/api/v1/jobs/x/kill")[header: "allow"] == "POST")
        }
    }

    @Test func headAnswersWithoutABody() async throws {
        try await API.with { api async throws in
            let head = try await api.http.send("HEAD", "/api/v1/jobs")
            let get = try await api.http.get("/api/v1/jobs")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head[header: "content-length"] == get[header: "content-length"])
        }
    }

    @Test func headersAreSafe() async throws {
        try await API.with { api async throws in
            let answer = try await api.http.get("/api/v1/jobs")
            #expect(answer[header: "x-content-type-options"] == "nosniff")
            #expect(answer[header: "content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(answer[header: "cache-control"] == "no-store" && answer[header: "referrer-policy"] == "no-referrer")
            #expect(answer[header: "access-control-allow-origin"] == nil)
            let evil = try await api.http.get("/api/v1/jobs", [("x-request-id", "no id!")])
            #expect(evil[header: "x-request-id"] != "no id!" && evil.status == 200)
        }
    }

    @Test func whatIsTooLargeIsRefused() async throws {
        try await API.with { api async throws in
            let large = [UInt8](repeating: UInt8(ascii: " "), count: (1 << 20) + 1)
            let answer = try await api.http.send("POST", "/api/v1/jobs", body: large)
            #expect(answer.status == 413 && answer["code"] == "too_large")
            let chunked = try await api.http.send(
                "POST",
                "/api/v1/jobs",
                [("transfer-encoding", "chunked")],
                body: large
            )
            #expect(chunked.status == 413)
            let long = String(repeating: "x", count: 9000)
            #expect(try await api.http.get("/api/v1/jobs?cursor=\(long)").status == 414)
            let header = String(repeating: "x", count: 40_000)
            #expect(try await api.http.exchange("GET", "/api/v1/jobs", [("x-long", header)]).status == 400)
            let many = (0..<200).map { ("x-\($0)", "y") }
            #expect(try await api.http.exchange("GET", "/api/v1/jobs", many).status == 400)
        }
    }

    @Test func anotherContentTypeIsRefused() async throws {
        try await API.with { api async throws in
            let body = Array(#"{"type":"application","applicationId":"a"}"#.utf8)
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
                let answer = try await api.http.send("POST", "/api/v1/jobs", [("content-type", type)], body: body)
                #expect(answer.status == 415, "\(type)")
            }
            for type in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
                let answer = try await api.http.send("POST", "/api/v1/jobs", [("content-type", type)], body: body)
                #expect(answer.status == 202, "\(type): \(answer.text)")
            }
        }
    }

    @Test func aClientThatDawdlesIsLeft() async throws {
        try await API.with(configuring: { $0.limits.patience = .milliseconds(300) }) { api async throws in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: api.server.port).get()
            try await channel.writeAndFlush(ByteBuffer(string: "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ")).get()
            try await channel.closeFuture.get()
        }
    }

    /// One byte after another: a head, and a body.
    @Test(arguments: ["GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ", ServerTests.slowBody])
    func aClientThatTricklesIsLeft(_ beginning: String) async throws {
        try await API.with(configuring: {
            $0.limits.patience = .milliseconds(500)
            $0.noAuth = true
        }) { api async throws in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: api.server.port).get()
            try await channel.writeAndFlush(ByteBuffer(string: beginning)).get()
            try await eventually("the end of the connection") {
                guard channel.isActive else { return true }
                try? await channel.writeAndFlush(ByteBuffer(string: "x")).get()
                return false
            }
        }
    }

    private static let slowBody =
        "POST /api/v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{"

    @Test func whatIsNestedTooDeeplyIsRefused() async throws {
        try await API.with { api async throws in
            let payload = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
            let body = Array(#"{"type":"application","applicationId":"a","payload":\#(payload)}"#.utf8)
            let answer = try await api.http.send("POST", "/api/v1/jobs", body: body)
            #expect(answer.status == 400 && answer["code"] == "invalid_json", "\(answer.text)")
        }
    }

    @Test func anOutageOfRedisIsSaid() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            await api.client.close()
            let ready = try await api.stranger.get("/readyz")
            #expect(ready.status == 503 && ready["code"] == "not_ready" && ready["retryable"] == true)
            #expect(try await api.stranger.get("/healthz").status == 200)
            let answer = try await api.http.get("/api/v1/jobs/a")
            #expect(answer.status == 503 && answer["code"] == "unavailable" && answer[header: "retry-after"] != nil)
        }
    }

    @Test func aStopEndsStreamsAndPollsAtOnce() async throws {
        try await API.with { api async throws in
            try await api.enqueue("a")
            let client = api.http(.read)
            async let poll = client.get("/api/v1/jobs/a?wait=60")
            async let log = client.events("/api/v1/jobs/a/logs/stream")
            async let events = client.events("/api/v1/events")
            try await eventually("all to wait") { api.services.followers == 3 }
            let clock = ContinuousClock()
            let time = await clock.measure { await api.server.stop() }
            // It hangs for as long as the polls, or not at all.
            #expect(time < .seconds(20))
            #expect(try await poll.status == 200)
            #expect(try await log.isEnded)
            #expect(try await events.isEnded)
        }
    }

    @Test func aCertificateMakesItHTTPS() async throws {
        let directory = try TemporaryDirectory()
        let (certificate, key) = ("\(directory.path)/cert.pem", "\(directory.path)/key.pem")
        let made = try await Program.run(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ],
            of: "/usr/bin/openssl"
        )
        #expect(made.status == 0, "\(made.errors)")
        try await API.with(configuring: { $0.tls = (certificate, key) }) { api async throws in
            let url = "https://localhost:\(api.server.port)/healthz"
            let answer = try await Program.run(["-sS", "--cacert", certificate, url], of: "/usr/bin/curl")
            #expect(answer.status == 0 && answer.output == #"{"status":"ok"}"#, "\(answer.errors)")
            #expect(try await Program.run(["-sS", url], of: "/usr/bin/curl").status == 60)

            let document = #"{"type":"application","applicationId":"x","id":"a"}"#
            _ = try await api.store.enqueue(try JobDocument(parsing: Array(document.utf8)))
            let job = try await api.start()
            try await api.appendLog(job, "a line\n", at: 0)
            try await api.end(job, .done, [("logBytes", "7")])
            let socket = [
                "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13",
                "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "x-api-key: \(try #require(api.tokens[.read]))",
            ]
            let frames = try await Program.run(
                ["-sSiN", "--http1.1", "--cacert", certificate, "--max-time", "20"] + socket.flatMap { ["-H", $0] }
                    + ["https://localhost:\(api.server.port)/listen-deployment?logPath=/data/a/1/log"],
                of: "/usr/bin/curl"
            )
            #expect(frames.output.hasPrefix("HTTP/1.1 101 ") && frames.output.contains("a line\n"), "\(frames)")
        }
        await #expect(throws: APIConfigurationError.self) {
            try await API.with(configuring: { $0.tls = (key, certificate) }) { _ in }
        }
    }

    @Test func anAddressInUseIsAnError() async throws {
        try await API.with { api async throws in
            let port = api.server.port
            await #expect(throws: (any Error).self) {
                _ = try await RunningServer.start(
                    try APIConfiguration(listen: "127.0.0.1:\(port)"),
                    api.services,
                    faces: [ServiceFace(services: api.services)],
                    logger: .init(label: "x") { _ in api.log }
                )
            }
        }
    }
}
