import Glibc
import RESP
import RedisClient
import TestSupport
import Testing

extension ChaosRun {
    func carryOut(_ fault: ChaosFault) async throws {
        switch fault {
        case .workerKilled(let index, let pause):
            try await workers[index].end(SIGKILL)
            try await sleep(pause)
            try await replace(index)
        case .hostLost(let index, let pause):
            // All that a host loses with its power; what others left behind in the same folder dies with its monitor.
            try await ChaosProcesses.kill(data(index), with: workers[index])
            try await sleep(pause)
            try await replace(index)
        case .workerFrozen(let index, let length):
            workers[index].send(SIGSTOP)
            try await sleep(length)
            workers[index].send(SIGCONT)
        case .workerStormed(let index):
            for _ in 0..<3 { workers[index].send(SIGTERM) }
            _ = try await workers[index].waitForEnd(timeout: .seconds(60))
            try await replace(index)
        case .workerDetached(let index, let pause):
            let command = #"{"command":"stopWorker","worker":"\#(try workerID(index))","mode":"detach"}"#
            try? await site.control(command)
            // Where Redis did not take it the worker has to be ended otherwise.
            do {
                _ = try await workers[index].waitForEnd(timeout: .seconds(20))
            } catch is TimedOut {
                try await workers[index].end(SIGKILL)
            }
            try await sleep(pause)
            try await replace(index)
        case .launcherKilled(let index):
            for launcher in ChaosProcesses.children(of: workers[index].pid) { kill(launcher, SIGKILL) }
        case .monitorKilled(let index):
            if let monitor = ChaosProcesses.monitors(of: data(index)).first { kill(monitor, SIGKILL) }
        case .cutOff(let index, let length): try await disturb(index, .blackHole, length)
        case .slowed(let index, let length): try await disturb(index, .delay(.milliseconds(200)), length)
        case .repliesLost(let index): try await disturb(index, .cut(after: 0, .toClient), 300)
        case .redisKilled(let pause):
            try await site.redis.stop(SIGKILL)
            try await sleep(pause)
            try await site.redis.restart()
        case .redisFrozen(let length):
            guard let pid = site.redis.pid else { return }
            kill(pid, SIGSTOP)
            try await sleep(length)
            kill(pid, SIGCONT)
        case .redisBusy(let length):
            try await command(["EVAL", "while true do end", "0"], waits: false)
            try await sleep(length)
            try await command(["SCRIPT", "KILL"])
        case .redisFull(let length):
            try await command(["CONFIG", "SET", "maxmemory", "1"])
            try await sleep(length)
            try await command(["CONFIG", "SET", "maxmemory", "0"])
        case .connectionsClosed: try await command(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"])
        case .scriptsForgotten: try await command(["SCRIPT", "FLUSH"])
        case .jobKilled(let job, let signal):
            try? await site.control(#"{"command":"kill","id":"j\#(job)","signal":"\#(signal)","by":"chaos"}"#)
        }
    }

    private func sleep(_ milliseconds: Int) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }

    /// A worker of the first node has no proxy: it is frozen for a moment instead.
    private func disturb(_ index: Int, _ fault: FaultProxy.Fault, _ length: Int) async throws {
        guard index >= 2 else { return try await carryOut(.workerFrozen(index, length)) }
        proxies[index].set(fault)
        try await sleep(length)
        proxies[index].set(.none)
        if fault == .blackHole { proxies[index].cutAll() }
    }

    private func workerID(_ index: Int) throws -> String {
        try #require(Site.text("\(data(index))/worker-id"))
    }

    /// Over a connection of its own, until it was heard.
    private func command(_ command: [RedisArgument], waits: Bool = true) async throws {
        let client = try await site.redis.client(commandTimeout: .milliseconds(waits ? 5000 : 200))
        _ = try? await client.send(command)
        await client.close()
    }
}
