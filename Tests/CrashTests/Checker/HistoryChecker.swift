import Foundation

/// Judges what a run left behind, from the outside: histories and hashes as they stand in Redis, and the lines that recipes
/// wrote. Shares no code with what it judges.
struct HistoryChecker {
    /// What a recipe wrote: `begin <job> <attempt> <fence> <key> <1 when an earlier holder of the key still lives>`, and
    /// `end <job> <attempt>` where it came to that.
    var markers: [String] = []
    /// Per job its hash.
    var jobs: [String: [String: String]] = [:]
    /// Per job its history, oldest first, as JSON.
    var histories: [String: [String]] = [:]
    /// The ids of all documents that were sent.
    var accepted: [String] = []
    /// Keys that hold work: queues, turns, claims.
    var leftKeys: [String] = []
    /// Attempts on disk that nobody settled.
    var leftFolders: [String] = []
    /// Processes of attempts that still live.
    var leftProcesses: [String] = []

    /// Everything that is wrong, a sentence each.
    func violations() -> [String] {
        checkEnds() + checkEffects() + checkFences() + leftKeys.map { "the key \($0) is left" }
            + leftFolders.map { "the attempt \($0) is not settled" } + leftProcesses.map { "the process \($0) lives" }
    }

    private func entries(of id: String) -> [[String: Any]] {
        (histories[id] ?? []).compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        }
    }

    private func checkEnds() -> [String] {
        var found: [String] = []
        for id in accepted {
            guard let job = jobs[id] else {
                found.append("\(id) was accepted and is gone")
                continue
            }
            let status = job["status"] ?? "nothing"
            if status != "done" && status != "error" { found.append("\(id) never ended: it is \(status)") }
            let last = entries(of: id).last?["status"] as? String
            if last != status { found.append("\(id) is \(status), but its history ends with \(last ?? "nothing")") }
            let ends = entries(of: id).filter { ["done", "error"].contains($0["status"] as? String) }
            if ends.count > 1 { found.append("\(id) ended \(ends.count) times") }
        }
        return found
    }

    private func checkEffects() -> [String] {
        var found: [String] = []
        var begun: Set<String> = []
        var ended: Set<String> = []
        var holders: [String: String] = [:]
        for marker in markers {
            let words = marker.split(separator: " ").map(String.init)
            if words.first == "begin", words.count == 6 {
                let attempt = "\(words[1])#\(words[2])"
                if !begun.insert(attempt).inserted { found.append("\(attempt) had its effect twice") }
                if words[5] == "1" { found.append("\(attempt) overlaps with another of the key \(words[4])") }
                holders[words[4]] = attempt
            } else if words.first == "end", words.count == 3 {
                let attempt = "\(words[1])#\(words[2])"
                if !begun.contains(attempt) || !ended.insert(attempt).inserted {
                    found.append("\(attempt) ended without a beginning of its own")
                }
                // Whoever still writes although another has begun on its key has overlapped with it.
                if let key = holders.first(where: { $0.value == attempt })?.key {
                    holders[key] = nil
                } else {
                    found.append("\(attempt) ended after another of its key had begun")
                }
            } else {
                found.append("a marker reads \"\(marker)\"")
            }
        }
        for id in accepted where jobs[id]?["status"] == "done" {
            let attempt = "\(id)#\(jobs[id]?["attempt"] ?? "?")"
            if !ended.contains(attempt) { found.append("\(id) is done, but \(attempt) never ended well") }
        }
        return found
    }

    private func checkFences() -> [String] {
        var found: [String] = []
        var given: [Int64: String] = [:]
        for id in histories.keys.sorted() {
            var last: Int64 = 0
            for entry in entries(of: id) where entry["event"] as? String == "claimed" {
                guard let fence = (entry["fence"] as? NSNumber)?.int64Value else {
                    found.append("a claim of \(id) has no fence")
                    continue
                }
                if fence <= last { found.append("\(id) got the fence \(fence) after \(last)") }
                if let other = given.updateValue(id, forKey: fence) {
                    found.append("the fence \(fence) was given to \(other) and to \(id)")
                }
                last = fence
            }
        }
        return found
    }
}
