import Glibc
import Testing

@testable import Supervision

/// Runs a program to its end; its exit code.
@discardableResult
func runProgram(_ path: String, _ arguments: String...) -> Int32 {
    guard let pid = startProgram(path, arguments) else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
}

/// Starts a program that belongs to nobody.
func startProgram(_ path: String, _ arguments: [String], environment: [String] = ["PATH=/usr/bin:/bin"]) -> pid_t? {
    var pid: pid_t = 0
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    return posix_spawn(&pid, path, nil, nil, words, variables) == 0 ? pid : nil
}

/// Living processes whose environment carries this fence, found without any of the code under test but `/proc`.
func processes(fence: Int64) -> [Int] {
    let mark = Array("HOISTWAY_FENCE=\(fence)".utf8)
    return Files.entries(of: "/proc").compactMap { Int($0) }.filter { pid in
        let entries = Files.read("/proc/\(pid)/environ")?.split(separator: 0) ?? []
        return entries.contains { $0.elementsEqual(mark) } && isAlive(pid)
    }
}

/// Neither gone nor a zombie.
func isAlive(_ pid: Int) -> Bool {
    guard let bytes = Files.read("/proc/\(pid)/stat") else { return false }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ") ").last?.first
    return fields != nil && fields != "Z" && fields != "X"
}

/// Ends a process that a test started and waits until it is gone.
func end(_ pid: pid_t) {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
}
