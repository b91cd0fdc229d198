import Testing

@testable import Remote

struct FarStreamTests {
    private static let bytes = Array(
        """
        plain
        ::hoistway:no::{"progress":1}
         ::hoistway:no::not at the begin
        par\u{1E}ma tick 12
        tial
        ::hoistway:no::{"a":\u{1E}ma recipe 7
        1}
        \u{1E}other text
        ::hoistway:no
        the end
        """.utf8
    )

    private static let expected: [FarStream.Item] = [
        .event(Array(#"{"progress":1}"#.utf8)), .frame("tick 12"), .frame("recipe 7"), .event(Array(#"{"a":1}"#.utf8)),
    ]

    private static let text = """
        plain
         ::hoistway:no::not at the begin
        partial
        \u{1E}other text
        ::hoistway:no
        the end
        """

    /// However it is cut, what comes is the same.
    @Test(arguments: 1...40)
    func everySplit(size: Int) {
        var stream = FarStream(mark: "ma", nonce: "no")
        var items: [FarStream.Item] = []
        for start in stride(from: 0, to: Self.bytes.count, by: size) {
            items += stream.add(Self.bytes[start..<min(start + size, Self.bytes.count)])
        }
        items += stream.finish()
        var text: [UInt8] = []
        var others: [FarStream.Item] = []
        for item in items {
            if case .text(let bytes) = item { text += bytes } else { others.append(item) }
        }
        #expect(others == Self.expected)
        #expect(String(decoding: text, as: UTF8.self) == Self.text)
    }

    @Test func textDoesNotWaitForItsLineBreak() {
        var stream = FarStream(mark: "ma", nonce: "no")
        #expect(stream.add("50 %".utf8) == [.text(Array("50 %".utf8))])
        #expect(stream.add("::hoistway:no::{}".utf8) == [.text(Array("::hoistway:no::{}".utf8))])
        #expect(stream.add("\n::hoist".utf8) == [.text([10])])
        #expect(stream.finish() == [.text(Array("::hoist".utf8))])
    }

    @Test func overlongEventIsText() {
        var stream = FarStream(mark: "ma", nonce: "no")
        let line = Array("::hoistway:no::".utf8) + [UInt8](repeating: 0x61, count: 1 << 20)
        var items = stream.add(line)
        items += stream.add("b\n".utf8)
        #expect(items == [.text(line), .text([0x62, 10])])
    }
}

struct FarEventTests {
    /// Nothing that a server says makes this host run a command, or says how the near side ended.
    @Test(arguments: [
        #"{"cleanup":["a"],"progress":1,"remote":{"outcome":"lost"}}"#,
        #"{"cl\u0065anup":["a"],"progress":1,"cleanup":["a"],"r\u0065mote":{}}"#,
    ])
    func onlyTheNearSideSpeaks(text: String) {
        let event = FarEvent(Array(text.utf8))
        #expect(event?.line == Array(#"{"progress":1}"#.utf8) && event?.cleanup == ["a"])
    }

    @Test(arguments: ["[]", "{", "{\"a\":1}}", ""])
    func noObject(text: String) {
        #expect(FarEvent(Array(text.utf8)) == nil)
    }

    @Test func cleanupAlone() {
        #expect(FarEvent(Array(#"{"cleanup":["a","b c"]}"#.utf8))?.line == nil)
        #expect(FarEvent(Array(#"{"cleanup":["a",1]}"#.utf8))?.cleanup == nil)
        #expect(FarEvent(Array(#"{"cleanup":[""]}"#.utf8))?.cleanup == nil)
    }
}
