import HoistwayModel
import Testing

@Suite struct JSONTests {
    static let readable: [(text: String, value: JSON)] = [
        ("null", .null), ("true", true), (" [ ] ", []), ("{}", .object(JSONObject())), ("-0", .number("-0")),
        ("1e400", .number("1e400")), ("9007199254740993", .number("9007199254740993")),
        (#""a\u00fc\ud83d\ude00\n""#, "aü😀\n"), (#"{"a":[1,{"b":null}]}"#, ["a": [1, ["b": nil]]]), ("\t\r\n 1", 1),
        (#""\/\b\f""#, "/\u{8}\u{c}"), (#""\u0000""#, "\u{0}"),
    ]

    @Test(arguments: readable)
    func reads(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "+1", "01", "1.", ".5", "1e", "-", "NaN", "Infinity", "[1,]", "[1 2]", "[", "]", "{",
        "{\"a\"}",
        "{\"a\":}", "{a:1}", "{\"a\":1,}", "{'a':1}", "\"", "\"a", "\"\t\"", #""\x""#, #""\u12""#, #""\ud800""#,
        #""\udc00""#,
        #""\ud800\u0041""#, "1 2", "/* */1", "\u{c}1", "\u{b}1", "\u{feff}1", "{\"a\":1}x", "tru\u{65}e",
    ])
    func refusesWhatIsNoJSON(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func saysWhereItWentWrong() {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: #"{"a": [1, x]}"#) }
        #expect(error?.offset == 10)
    }

    @Test func refusesBytesThatAreNoUTF8() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0xFF], [0],
        ] {
            #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
        }
    }

    @Test func refusesDeepNestingInsteadOfOverflowing() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON(parsing: deep) }
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "{\"a\":", count: 100_000)) }
        let most = JSON.maximumDepth
        _ = try JSON(parsing: String(repeating: "[", count: most) + String(repeating: "]", count: most))
        #expect(throws: JSONError.self) {
            try JSON(parsing: String(repeating: "[", count: most + 1) + String(repeating: "]", count: most + 1))
        }
    }

    @Test func everyPrefixOfADocumentIsRefusedOrRead() throws {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00fc"],"b":{"c":true,"d":null}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSON(parsing: Array(text[..<length])) }
        }
        _ = try JSON(parsing: text)
    }

    @Test func anyBytesAreRefusedOrReadButNeverCrash() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\",:\\u0123dDeE+-.truefalsn \u{fc}".utf8) + [0, 0xFF, 0xED, 0xA0]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard let value = try? JSON(parsing: bytes) else { continue }
            #expect(try JSON(parsing: value.utf8) == value)
        }
    }

    @Test func knowsTheBytesEachMemberCameIn() throws {
        let text = "{ \"a\" : { \"x\" : 1 } ,\"b\":[ ] , \"c\":\"d\" }"
        let bytes = Array(text.utf8)
        let members = try JSON.members(of: bytes)
        let sources = members.map { String(decoding: bytes[$0.range], as: UTF8.self) }
        #expect(members.map(\.key) == ["a", "b", "c"])
        #expect(sources == ["{ \"x\" : 1 }", "[ ]", "\"d\""])
        #expect(throws: JSONError.self) { try JSON.members(of: Array("[1]".utf8)) }
        #expect(throws: JSONError.self) { try JSON.members(of: Array("{\"a\":1} x".utf8)) }
    }

    @Test func writesWhatItRead() throws {
        let text = #"{"b":1.50,"a":[true,null,"\"\\\n\u0001\u007fü"],"b":{}}"#
        #expect(try JSON(parsing: text).text == text)
        #expect(
            JSON.object(["a": [1, [:]], "b": []]).prettyText == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}"
        )
        #expect(JSON.double(5).text == "5")
        #expect(JSON.double(0.25).text == "0.25")
        #expect(JSON.double(.nan).text == "null")
    }

    @Test func objectsKeepTheirOrder() {
        var object: JSONObject = ["z": 1, "a": 2]
        object["m"] = 3
        object["z"] = nil
        #expect(object.keys == ["a", "m"])
        object["a"] = 9
        #expect(JSON.object(object).text == #"{"a":9,"m":3}"#)
        #expect(object["none"] == nil)
    }
}
