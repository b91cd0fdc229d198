import HoistwayModel
import Supervision
import TestSupport
import Testing

@testable import WorkerCore

/// Nothing that a producer names leads out of the folder that it belongs in.
@Suite struct PathFuzzTests {
    private static let pieces = [
        "a", "Z", "0", ".", "..", "/", "//", "\\", "\0", "%", "%2F", "~", "-", "_", "é", "\u{202E}", "\n", " ", "$(id)",
        "*",
        "'", "\"", ";", "|", "🚀", "a\u{301}",
    ]

    private static func word(_ random: inout some RandomNumberGenerator) -> String {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
    }

    /// What a path means, without following links.
    private static func normal(_ path: String) -> [Substring] {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts
    }

    @Test func idsStayInTheirFolder() {
        var random = SystemRandomNumberGenerator()
        var accepted = 0
        for _ in 0..<50_000 {
            let word = Self.word(&random)
            for isAccepted in [Identifier.isJobID(word), Identifier.isName(word)] where isAccepted {
                accepted += 1
                #expect(Self.normal("/data/jobs/\(word)/1/log") == ["data", "jobs", Substring(word), "1", "log"])
                #expect(!word.utf8.contains(0) && !word.utf8.contains(UInt8(ascii: "\n")))
            }
        }
        #expect(accepted > 500, "too few words were ids: \(accepted)")
    }

    @Test func workspacesStayInTheirs() {
        var random = SystemRandomNumberGenerator()
        var names: [String: String] = [:]
        for _ in 0..<50_000 {
            let resource = Self.word(&random)
            guard !resource.isEmpty, !resource.utf8.contains(0) else { continue }
            let name = LaunchPlanner.workspaceName(resource)
            #expect(
                Self.normal("/data/workspaces/backup/\(name)") == ["data", "workspaces", "backup", Substring(name)]
            )
            #expect(name.utf8.count <= 255)
            // The second attempt of another resource gets such a folder.
            let number = name.utf8.reversed().prefix { (0x30...0x39).contains($0) }.count
            #expect(number == 0 || name.utf8.dropLast(number).last != UInt8(ascii: "."), "\(name)")
            let other = names.updateValue(resource, forKey: name)
            // By bytes: for Swift two spellings of one letter are one text, for Redis and the disk they are not.
            #expect(other.map { Array($0.utf8) == Array(resource.utf8) } ?? true, "\(name) is the folder of two")
        }
    }
}
