import HoistwayModel
import Testing

@testable import WorkerCore

/// What events add up to.
struct EventFoldTests {
    private func fold(_ events: String...) throws -> EventFold {
        var fold = EventFold()
        for event in events { fold.add(try JSON(parsing: event)) }
        return fold
    }

    @Test(arguments: [
        ("0", 0), ("55.9", 55), ("100", 99), ("-3", 0), ("1e300", 99), ("-1e300", 0), ("1e400", nil),
        ("9223372036854775808", 99), (#""55""#, nil), ("null", nil),
    ])
    func progressOfAnySize(text: String, expected: Int?) throws {
        #expect(try fold(#"{"progress":\#(text)}"#).progress == expected)
    }

    @Test func progressNeverFalls() throws {
        #expect(try fold(#"{"progress":40}"#, #"{"progress":10}"#).progress == 40)
    }

    @Test func changesAreToldOnce() throws {
        var fold = try fold(#"{"progress":4,"stage":"build","message":"m"}"#)
        #expect(fold.takeChanges().map(\.0) == ["message", "progress", "stage"])
        fold.add(try JSON(parsing: #"{"stage":"build","progress":4}"#))
        #expect(fold.takeChanges().isEmpty)
    }

    @Test func wrongKindsAreIgnored() throws {
        var fold = try fold(#"{"stage":7,"result":[1],"error":"e","resource":"r","registration":null}"#)
        #expect(fold.takeChanges().isEmpty)
    }

    @Test func longTextsAreCut() throws {
        let text = String(repeating: "ä", count: 5000)
        #expect(try #require(try fold(#"{"message":"\#(text)"}"#).message).utf8.count <= 4098)
    }

    @Test func newestStateOfAThingIsKept() throws {
        var fold = try fold(
            #"{"resource":{"urn":"a","status":"pending"}}"#,
            #"{"resource":{"urn":"b","status":"running"}}"#,
            #"{"resource":{"urn":"a","status":"succeeded"}}"#,
            #"{"resource":{"status":"nameless"}}"#
        )
        #expect(
            fold.takeChanges().map(\.1) == [
                #"[{"urn":"a","status":"succeeded"},{"urn":"b","status":"running"}]"#
            ]
        )
    }

    @Test func atMostAThousandThings() throws {
        var fold = EventFold()
        for index in 0..<1010 { fold.add(try JSON(parsing: #"{"resource":{"urn":"\#(index)"}}"#)) }
        let text = try #require(fold.takeChanges().first?.1)
        #expect(try JSON(parsing: text).arrayValue?.count == 1000)
    }

    @Test(arguments: [(true, "succeeded", "unchanged"), (false, "failed", "failed")])
    func nothingStaysOpen(succeeded: Bool, running: String, pending: String) throws {
        var fold = try fold(
            #"{"resource":{"urn":"a","status":"running"}}"#,
            #"{"resource":{"urn":"b","status":"pending"}}"#,
            #"{"resource":{"urn":"c","status":"unchanged"}}"#
        )
        _ = fold.takeChanges()
        fold.close(succeeded: succeeded)
        let resources = try JSON(parsing: try #require(fold.takeChanges().first?.1)).arrayValue ?? []
        #expect(resources.map { $0["status"]?.stringValue } == [running, pending, "unchanged"])
    }

    @Test func aRegistrationIsDatedOnce() throws {
        let registered = #"{"registration":{"name":"db","status":"registered"}}"#
        let own = #"{"registration":{"name":"web","status":"registered","registeredAt":"2026-01-15T08:00:00.000Z"}}"#
        var fold = try fold(#"{"registration":{"name":"cache","status":"pending"}}"#, registered, own)
        func dates(_ fold: inout EventFold) throws -> [String?] {
            let text = try #require(fold.takeChanges().first { $0.0 == "registrations" }?.1)
            return try JSON(parsing: text).arrayValue?.map { $0["registeredAt"]?.stringValue } ?? []
        }
        let first = try dates(&fold)
        #expect(first[0] == nil && first[2] == "2026-01-15T08:00:00.000Z")
        #expect(first[1].flatMap { Timestamp(parsing: $0) } != nil)
        fold.add(try JSON(parsing: registered))
        #expect(try dates(&fold) == first)
        // Another worker that reads the same events knows it from what the first has told.
        var second = try self.fold(registered, own)
        #expect(second.hasArrivals)
        second.recall([
            ["name": "db", "registeredAt": "2026-01-15T07:00:00.000Z"], ["name": "gone", "registeredAt": "x"],
            ["name": "web", "registeredAt": "2020-01-01T00:00:00.000Z"],
        ])
        #expect(try dates(&second) == ["2026-01-15T07:00:00.000Z", "2026-01-15T08:00:00.000Z"])
    }
}
