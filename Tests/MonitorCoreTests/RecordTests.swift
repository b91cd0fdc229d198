import Testing

@testable import MonitorCore

@Suite struct RecordTests {
    @Test func exitRecordNamesEveryMember() {
        var record = ExitRecord(outcome: .killed)
        record.signal = Bytes("KILL")
        record.startedAt = 0
        record.endedAt = 1500
        record.logBytes = 7
        record.logGap = LogCap.Gap(from: 1, to: 2)
        record.marker = 3
        record.eventsBytes = 9
        record.message = Bytes("why \"so\"")
        record.leftovers = 2
        var kill = KillRecord(requestedAt: Bytes("r"), by: Bytes("b"), why: nil)
        kill.add(signal: Bytes("TERM"), at: 1000, count: 2)
        kill.add(signal: Bytes("KILL"), at: 1200, count: 1)
        kill.add(signal: Bytes("KILL"), at: 1300, count: 1)
        kill.emptyAt = 1400
        record.kill = kill
        let expected = """
            {"on":"exit","version":1,"outcome":"killed","exitCode":null,"signal":"KILL","startedAt":"1970-01-01T00:00:00.000Z",\
            "endedAt":"1970-01-01T00:00:01.500Z","logBytes":7,"logGap":{"from":1,"to":2,"marker":3},"eventsBytes":9,\
            "kill":{"requestedAt":"r","by":"b","why":null,"deliveredAt":"1970-01-01T00:00:01.000Z",\
            "signals":[{"signal":"TERM","at":"1970-01-01T00:00:01.000Z","count":2},\
            {"signal":"KILL","at":"1970-01-01T00:00:01.200Z","count":2}],"emptyAt":"1970-01-01T00:00:01.400Z"},\
            "message":"why \\"so\\"","leftovers":2}

            """
        #expect(record.line.text == expected)
    }

    @Test func startRecordNamesEveryMember() {
        let record = StartRecord(
            monitor: 10,
            recipe: ProcessIdentity(pid: 11, startTime: 101),
            bootId: Bytes("boot"),
            cgroup: nil,
            workspace: Bytes("/w"),
            startedAt: 1
        )
        let expected = """
            {"on":"started","version":1,"pid":11,"startTime":101,"bootId":"boot","cgroup":null,"workspace":"/w",\
            "startedAt":"1970-01-01T00:00:00.001Z","monitorPid":10}

            """
        #expect(record.line.text == expected)
    }

    @Test(arguments: [(0, "0"), (-7, "-7"), (Int64.max, "9223372036854775807"), (Int64.min, "-9223372036854775808")])
    func numbersAreWrittenAndRead(number: Int64, text: String) {
        var bytes: Bytes = []
        bytes.append(decimal: number)
        #expect(bytes.text == text)
        if number != .min { #expect(bytes.decimal == number) }
    }
}
