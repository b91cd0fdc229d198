import Testing

@testable import MonitorCore

@Suite struct JSONTests {
    private func needles(_ secrets: String...) -> Needles {
        let needles = Needles()
        needles.add(secrets.map { Bytes(text: $0) })
        return needles
    }

    private func rewritten(_ text: String, _ needles: Needles = Needles()) -> String? {
        let bytes = Bytes(text: text)
        guard JSONScanner.members(of: bytes) != nil else { return nil }
        var result: Bytes = []
        result.append(redacting: bytes.indices, of: bytes, needles)
        return result.text
    }

    @Test(arguments: [
        #"{}"#, #"{"a":1}"#, #"{"a":[1,-2.5e+3,true,false,null,"x",{"b":[]}]}"#, #"{"":"","a":{"b":{"c":{}}}}"#,
        #"{"a":0,"a":0.5}"#,
    ])
    func keepsWhatIsThere(text: String) {
        #expect(rewritten(text) == text)
    }

    @Test func dropsSpaceAndNeedlessEscapes() {
        #expect(rewritten(" { \"a\" :\t[ 1 , 2 ] ,\r\n\"b\":\"\\u0041\\/\\u00e9\" } ") == #"{"a":[1,2],"b":"A/é"}"#)
        #expect(rewritten(#"{"a":"\"\\\b\f\n\r\t\u0000\u001f"}"#) == #"{"a":"\"\\\u0008\u000c\n\r\t\u0000\u001f"}"#)
    }

    @Test func decodesSurrogates() {
        #expect(rewritten(#"{"a":"\ud83d\ude80"}"#) == #"{"a":"🚀"}"#)
        #expect(rewritten(#"{"a":"\ud83d"}"#) == "{\"a\":\"\u{FFFD}\"}")
        #expect(rewritten(#"{"a":"\ud83dx\ude80"}"#) == "{\"a\":\"\u{FFFD}x\u{FFFD}\"}")
        #expect(rewritten(#"{"a":"\ud83d\u0041"}"#) == "{\"a\":\"\u{FFFD}A\"}")
        #expect(rewritten(#"{"a":"\ud83d\ud83d\ude80"}"#) == "{\"a\":\"\u{FFFD}🚀\"}")
    }

    @Test(arguments: [
        "", " ", "1", "[]", "\"a\"", "{", "}", "{}{}", "{} x", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{a:1}"#,
        #"{"a":01}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":1e}"#, #"{"a":+1}"#, #"{"a":-}"#, #"{"a":tru}"#, #"{"a":nul}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12g4"}"#, "{\"a\":\"\n\"}", #"{"a":"b}"#, #"{"a":[1 2]}"#,
        #"{"a":[1,]}"#, #"{'a':1}"#, #"{"a":NaN}"#, #"{"a":"\"#, #"{"a":"\u"#, #"{"a":1 "b":2}"#,
    ])
    func refusesWhatIsNoObject(text: String) {
        #expect(rewritten(text) == nil)
    }

    @Test func everyBeginOfAnObjectIsRefused() {
        let text = Bytes(#"{"a":[1,-2.5e+3,true,{"b":"\ud83d\ude80é"}],"c":null}"#)
        for end in 0..<text.count { #expect(JSONScanner.members(of: Bytes(text[..<end])) == nil) }
        #expect(JSONScanner.members(of: text)?.count == 2)
    }

    @Test func nestingHasAnEnd() {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(rewritten(nested(100)) == nested(100))
        #expect(rewritten(nested(100_000)) == nil)
    }

    @Test func redactsEveryString() {
        let secret = needles("top\"secret", "zwölf")
        let text =
            #"{"top\"secret":["a top\u0022secret",{"x":"\u007aw\u00f6lf"}],"n":12,"deep":{"top\"secret b":"zwö"}}"#
        #expect(
            rewritten(text, secret)
                == #"{"[REDACTED]":["a [REDACTED]",{"x":"[REDACTED]"}],"n":12,"deep":{"[REDACTED] b":"zwö"}}"#
        )
    }

    @Test func redactsBeforeItRepairs() {
        let needles = Needles()
        needles.add([Bytes("ab") + [0xFF, 0xFE] + Bytes("cd")])
        var result: Bytes = []
        let text = Bytes(#"{"a":"ab"#) + [0xFF, 0xFE] + Bytes(#"cd"#) + [0xFF] + Bytes(#""}"#)
        result.append(redacting: text.indices, of: text, needles)
        #expect(result.text == "{\"a\":\"[REDACTED]\u{FFFD}\"}")
    }

    @Test func eventLinesAreTakenApart() throws {
        let text = #"""
            {"progress":55,"log":{"level":"warning","message":"hello"},"mask":"learnt","cleanup":["docker","rm"],"x":[1]}
            """#
        let event = try #require(EventLine(Bytes(text: text)))
        #expect(event.messages == [EventLine.Message(level: Bytes("WARN"), text: Bytes("hello"))])
        #expect(event.masks == [Bytes("learnt")])
        #expect(event.cleanups == [[Bytes("docker"), Bytes("rm")]])
        #expect(event.isRecord)
        #expect(event.record(Needles()).text == #"{"progress":55}"#)
    }

    @Test(arguments: [
        #"{"progress":0}"#, #"{"progress":55.9}"#, #"{"progress":1e2}"#, #"{"progress":-0.0}"#, #"{"stage":"s"}"#,
        #"{"component":"c"}"#, #"{"message":""}"#, #"{"result":{}}"#, #"{"error":{}}"#,
        #"{"resource":{"urn":"u","status":"unchanged","duration":1.5}}"#, #"{"resource":{"name":"n","urn":null}}"#,
        #"{"registration":{"endpoint":"e","status":"failed","error":"x"}}"#,
        #"{"error":{"code":"c","details":{"retryable":false,"retryAfter":"2m","causedBy":[]}}}"#,
        #"{"progress":7,"message":null,"later":1}"#, #"{"remote":{"pid":1}}"#,
    ])
    func goodEventsMakeARecord(text: String) throws {
        #expect(try #require(EventLine(Bytes(text: text))).isRecord)
    }

    @Test func whatTheMonitorKeepsMakesNoRecord() throws {
        #expect(try #require(EventLine(Bytes(#"{"mask":"abcd"}"#))).isRecord == false)
    }

    @Test(arguments: [
        ("0", 0.0), ("-0.0", 0), ("12.5", 12.5), ("1e2", 100), ("1500e-1", 150), ("-3", -3), ("1E+1", 10),
        ("0e999999", 0), ("1e-999999", 0),
    ])
    func numbers(text: String, value: Double) throws {
        let bytes = Bytes(text: text)
        #expect(abs(try #require(JSONScanner.number(bytes, in: bytes.indices)) - value) < 1e-9)
    }

    @Test func unknownLevelsAreInformation() throws {
        for (level, expected) in [("error", "ERROR"), ("Debug", "DEBUG"), ("loud", "INFO"), ("", "INFO")] {
            let event = try #require(EventLine(Bytes(text: "{\"log\":{\"level\":\"\(level)\",\"message\":\"m\"}}")))
            #expect(event.messages.first?.level.text == expected)
        }
    }

    @Test(arguments: [
        #"{"mask":1}"#, #"{"cleanup":"rm"}"#, #"{"cleanup":[]}"#, #"{"cleanup":["a",1]}"#, #"{"cleanup":[""]}"#,
        #"{"cleanup":["a\u0000b"]}"#, #"{"log":"text"}"#, "not json", "[1]", "{}", #"{"unknown":1}"#,
        #"{"progress":"x"}"#, #"{"progress":150}"#, #"{"progress":100.5}"#, #"{"progress":-3}"#,
        #"{"progress":1e400}"#, #"{"progress":[]}"#, #"{"progress":5,"progress":"x"}"#, #"{"message":5}"#,
        #"{"stage":{}}"#, #"{"component":true}"#, #"{"message":null}"#, #"{"result":[]}"#, #"{"error":"s"}"#,
        #"{"error":{"code":5}}"#, #"{"error":{"retryable":"no"}}"#, #"{"error":{"details":[]}}"#,
        #"{"error":{"details":{"retryAfter":{}}}}"#, #"{"resource":5}"#, #"{"resource":{}}"#,
        #"{"resource":{"urn":"u","status":"weird"}}"#, #"{"resource":{"urn":5}}"#,
        #"{"resource":{"urn":"u","duration":[]}}"#, #"{"registration":{"name":"n","status":"odd"}}"#,
        #"{"registration":{"status":"failed"}}"#, #"{"log":{}}"#, #"{"log":{"message":5}}"#,
        #"{"log":{"level":5,"message":"m"}}"#, #"{"progress":5,"message":7}"#,
    ])
    func badEventsAreNoEvents(text: String) {
        #expect(EventLine(Bytes(text: text)) == nil)
    }

    @Test func commandsAreRead() throws {
        let kill = #"{"do":"kill","signal":"TERM","grace":1500,"by":"me","why":"x","requestedAt":"t","new":[]}"#
        guard case .kill(let signal, let grace, let by, let why, let at)? = Command(Bytes(text: kill)) else {
            Issue.record("no kill")
            return
        }
        #expect([signal, by, why, at] == [Bytes("TERM"), Bytes("me"), Bytes("x"), Bytes("t")])
        #expect(grace == 1500)
        guard case .renew(at: 77, lease: nil)? = Command(Bytes(#"{"do":"renew","at":77}"#)) else {
            Issue.record("no renewal")
            return
        }
        for text in ["{}", #"{"do":"dance"}"#, #"{"do":"renew"}"#, #"{"do":"renew","at":"1"}"#, "x"] {
            #expect(Command(Bytes(text: text)) == nil)
        }
    }
}
