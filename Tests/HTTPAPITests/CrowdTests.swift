import Glibc
import HTTPAPI
import HoistwayModel
import HoistwayStore
import NIOCore
import NIOHTTP1
import NIOPosix
import RedisClient
import TestSupport
import Testing

/// A process of `hoistway api` with very many clients at once.
@Suite(.redis, .serialized, .timeLimit(.minutes(5))) struct CrowdTests {
    private static let path = "/api/v1/jobs/a/logs/stream"

    @Test func aThousandFollowersAndPollsGetEverythingOnce() async throws {
        try await ServedSite.with { site async throws in
            let job = try await site.start("a")
            let (client, empty) = (site.http, try site.residentMemory)
            let lines = (0..<200).map { "\($0) \(String(repeating: "x", count: 70))\n" }
            try await withThrowingTaskGroup(of: [UInt8].self) { followers in
                for _ in 0..<1000 { followers.addTask { try await client.body(CrowdTests.path) } }
                try await withThrowingTaskGroup(of: Answer.self) { polls in
                    for _ in 0..<200 { polls.addTask { try await client.get("/api/v1/jobs/a?wait=240") } }
                    try await site.awaitFollowers(1200)
                    var offset = 0
                    for start in stride(from: 0, to: lines.count, by: 10) {
                        let piece = lines[start..<(start + 10)].joined()
                        try await site.appendLog(job, Array(piece.utf8), at: offset)
                        offset += piece.utf8.count
                    }
                    try await site.end(job, logBytes: offset)
                    for try await answer in polls { #expect(answer.status == 200 && answer["status"] == "done") }
                }
                var first: [UInt8]?
                for try await body in followers {
                    if first == nil {
                        var parser = EventParser()
                        parser.append(body)
                        #expect(parser.events.last?.name == "end")
                        #expect(parser.events.dropLast().map { $0.data + "\n" } == lines)
                        first = body
                    }
                    #expect(body == first)
                }
            }
            #expect(try site.residentMemory - empty < 300 << 20)
            #expect(try await site.stop() == 0)
        }
    }

    @Test func aStopEndsAllOfThem() async throws {
        try await ServedSite.with { site async throws in
            let job = try await site.start("a")
            try await site.appendLog(job, Array("first\n".utf8), at: 0)
            let client = site.http
            try await withThrowingTaskGroup(of: Void.self) { clients in
                for _ in 0..<1000 {
                    clients.addTask {
                        let body = try await client.body(CrowdTests.path)
                        #expect(String(decoding: body, as: UTF8.self).contains("data: first\n"))
                    }
                }
                for _ in 0..<200 {
                    clients.addTask {
                        let answer = try await client.get("/api/v1/jobs/a?wait=240")
                        #expect(answer.status == 200)
                    }
                }
                try await site.awaitFollowers(1200)
                // Nothing of it would end by itself within minutes.
                #expect(try await site.stop() == 0)
                try await clients.waitForAll()
            }
        }
    }

    /// The server keeps little of what clients do not take, and who takes it is not held up by them.
    @Test func clientsThatTakeNothingCostLittle() async throws {
        try await ServedSite.with { site async throws in
            let job = try await site.start("a")
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 65_535) + [UInt8(ascii: "\n")]
            for index in 0..<256 { try await site.appendLog(job, line, at: index << 16) }
            let empty = try site.residentMemory
            var channels: [any Channel] = []
            for _ in 0..<100 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.socketOption(.so_rcvbuf), value: 4096)
                    .connect(host: "127.0.0.1", port: site.port).get()
                let head = "GET \(CrowdTests.path) HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
                try await channel.writeAndFlush(ByteBuffer(string: head)).get()
                channels.append(channel)
            }
            try await site.end(job, logBytes: 256 << 16)
            let body = try await site.http.body(CrowdTests.path)
            #expect(body.count > 256 << 16)
            #expect(try site.residentMemory - empty < 300 << 20)
            for channel in channels { try await channel.close().get() }
            #expect(try await site.stop() == 0)
        }
    }
}

/// A Redis with `hoistway api` as a process of its own, and a store to play the worker with.
private struct ServedSite {
    let site: Site
    let store: Store
    let program: RunningProgram
    let port: Int

    var http: HTTPClient { HTTPClient(port: port) }

    static func with(_ body: (ServedSite) async throws -> Void) async throws {
        OpenFiles.raiseLimit()
        try await Site.with { site async throws in
            let program = try await Program.start(
                ["api", "--redis", site.url, "--prefix", site.prefix, "--no-auth", "--listen", "127.0.0.1:0"],
                // What a shell usually sets: too little for a thousand clients.
                wrapper: ["prlimit", "--nofile=1024:8192"],
                log: "\(site.directory.path)/api.log"
            )
            let address = "the API is at http://127.0.0.1:"
            try await eventually("the API to listen") { program.printed.contains(address) }
            let text = program.printed
            let start = try #require(text.firstRange(of: address)).upperBound
            let client = try await RedisServer.required().client(scripts: Scripts.all)
            let store = Store(redis: client, prefix: site.prefix)
            do {
                let port = try #require(Int(text[start...].prefix { $0.isNumber }))
                try await body(ServedSite(site: site, store: store, program: program, port: port))
            } catch {
                await client.close()
                program.send(SIGKILL)
                throw error
            }
            await client.close()
        }
    }

    /// Makes a job and starts it, as a worker does.
    func start(_ id: String) async throws -> Job {
        var document = JobDocument(type: .application, resourceID: id)
        document.id = id
        _ = try await store.enqueue(document)
        let claimant = Claimant(workerID: "w1", host: "h1", types: JobType.builtIn, scopes: [.any])
        let job = try #require(try await store.claim(claimant, count: 1).first)
        let fence = try #require(job.fence)
        #expect(try await store.started(id, fence: fence, pid: 4711, startTime: 99, log: "/data/\(id)/1/log") == .ok)
        return job
    }

    func appendLog(_ job: Job, _ bytes: [UInt8], at offset: Int) async throws {
        let piece = LogPiece(offset: offset, bytes: bytes)
        let fence = try #require(job.fence)
        #expect(try await store.appendLog(job.id, fence: fence, piece, most: 1 << 25, all: 1 << 26) == .ok)
    }

    func end(_ job: Job, logBytes: Int) async throws {
        let outcome = Outcome(.done, fields: [("logBytes", "\(logBytes)")])
        _ = try await store.finish(job.id, fence: try #require(job.fence), outcome)
    }

    /// Waits until so many streams and long polls are open.
    func awaitFollowers(_ count: Int) async throws {
        let http = http
        try await eventually("\(count) followers", timeout: .seconds(120)) {
            try await http.get("/metrics").text.contains("\nhoistway_followers \(count)\n")
        }
    }

    /// Of the server, in bytes.
    var residentMemory: Int {
        get throws {
            let status = try #require(Site.text("/proc/\(program.pid)/status"))
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
            return try #require(Int(line.filter(\.isNumber))) << 10
        }
    }

    /// Stops the server.
    /// - Returns: its exit code. It has 5 seconds, and more here on a loaded machine.
    func stop() async throws -> Int {
        program.send(SIGTERM)
        return try await program.waitForEnd(timeout: .seconds(20))
    }
}

extension HTTPClient {
    /// The whole body of a stream that ends, without its heartbeats.
    fileprivate func body(_ path: String) async throws -> [UInt8] {
        let connection = try await connect()
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head("GET", path, [], body: nil)))
            try await outbound.write(.end(nil))
            var body: [UInt8] = []
            for try await part in inbound {
                switch part {
                case .head(let head):
                    guard head.status == .ok else { throw TimedOut(description: "\(path) answered \(head.status)") }
                case .body(let buffer) where buffer != ByteBuffer(string: ": \n\n"): body += buffer.readableBytesView
                case .body: continue
                case .end: return body
                }
            }
            throw TimedOut(description: "\(path) was cut")
        }
    }
}
