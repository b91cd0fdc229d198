import Hoistway
import Testing

/// Documents made in Swift mean what their text means.
@Suite struct DocumentTests {
    /// A document in which no field has its default.
    private static let full: JobDocument = {
        var document = JobDocument.application("shop", payload: ["ref": "main", "count": 9_007_199_254_740_993])
        document.id = "release-42"
        document.title = "Release 42"
        document.details = "with \"quotes\" and\nlines"
        document.serverID = "eu-1"
        document.node = "fast"
        document.priority = 1
        document.delay = .seconds(3)
        document.maxAttempts = 3
        document.backoff = Backoff(kind: .fixed, delay: .milliseconds(1500), maximum: .minutes(2))
        document.timeout = .minutes(10)
        document.idleTimeout = .seconds(60)
        document.startDeadline = .hours(1)
        document.killGrace = .seconds(2)
        document.concurrencyKey = "shop"
        document.concurrencyLimit = 2
        document.onConflict = .supersede
        document.idempotencyKey = "push-1"
        document.dependsOn = ["a", "b"]
        document.environment = ["LEVEL": "debug"]
        document.secrets = ["TOKEN": "file:/run/token"]
        document.notify = [["url": "https://example.org/hook", "on": ["error"], "secret": "TOKEN"]]
        document.organizationID = "org"
        document.memberID = "me"
        document.labels = ["team": "core"]
        document.replyTo = "answers"
        return document
    }()

    @Test func everyFieldGoesThroughTheText() throws {
        #expect(try Self.full.checked() == Self.full)
        let text = String(decoding: Self.full.bytes, as: UTF8.self)
        #expect(text.contains("9007199254740993"))
        for field in JobDocument.fields where field != "runAt" {
            #expect(text.contains("\"\(field)\":"), "\(field) is not written")
        }
        var later = Self.full
        later.delay = .zero
        later.runAt = Timestamp(parsing: "2026-01-15T08:00:00.123Z")
        #expect(try later.checked() == later)
    }

    @Test func aPlainDocumentIsShort() throws {
        #expect(
            String(decoding: JobDocument.backup("db").bytes, as: UTF8.self) == #"{"type":"backup","resourceId":"db"}"#
        )
        #expect(try JobDocument.backup("db").checked() == .backup("db"))
    }

    @Test func eachBuilderNamesItsType() throws {
        let documents: [JobDocument] = [
            .application("x"), .compose("x"), .server("x"), .schedule("x"), .previewDeployment("x"), .backup("x"),
            .volumeBackup("x"), .installer("x"),
        ]
        #expect(documents.map(\.type) == JobType.builtIn)
        for document in documents { #expect(try document.checked() == document) }
        #expect(JobDocument.server("eu-1").serverID == "eu-1")
    }

    @Test func whatIsWrongIsNamedByField() throws {
        let document = JobDocument.application("shop").with {
            $0.priority = 12
            $0.dependsOn = ["?"]
            $0.labels = ["team": "\n"]
        }
        let refusal = try #require(throws: Refusal.self) { try document.checked() }
        #expect(refusal.fieldErrors.entries.map(\.field).sorted() == ["dependsOn", "labels.team", "priority"])
    }

    private struct Release: Codable, Equatable {
        var ref: String
        var parts: [Int]
        var previous: String?
    }

    @Test func payloadsAndResultsAreTypesOfOnesOwn() throws {
        let release = Release(ref: "a/b", parts: [1, 2], previous: nil)
        let json = try JSON(encoding: release)
        #expect(json.text == #"{"parts":[1,2],"ref":"a/b"}"#)
        #expect(try json.decoded(as: Release.self) == release)
        let error = try #require(throws: HoistwayError.self) { try JSON.string("x").decoded(as: Release.self) }
        #expect(error.code == .invalid)
        #expect(throws: HoistwayError.self) { try JSON(encoding: Double.nan) }
    }

    @Test func spansOfTheStandardLibrary() {
        #expect(TimeSpan(.seconds(1.5)) == .milliseconds(1500))
        #expect(TimeSpan(.microseconds(900)) == .zero)
        #expect(TimeSpan.hours(2) == .minutes(120))
    }
}
