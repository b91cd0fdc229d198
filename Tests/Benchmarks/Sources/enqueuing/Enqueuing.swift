import Hoistway

/// `enqueuing single|bulk URL COUNT PAYLOAD_BYTES`: enqueues jobs of the type backup, each of a resource of its own, one after the
/// other or many at once, and prints jobs per second.
@main
struct Enqueuing {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 4, let count = Int(arguments[3]), let size = Int(arguments[4]) else {
            fatalError("enqueuing single|bulk URL COUNT PAYLOAD_BYTES")
        }
        let payload: JSON = ["text": .string(String(repeating: "x", count: max(0, size - 11)))]
        let run = Identifier.ulid()
        try await withHoistway(arguments[2]) { hoistway in
            try await hoistway.enqueue(.backup("first-\(run)", payload: payload))
            let clock = ContinuousClock()
            let time: Duration
            if arguments[1] == "single" {
                time = try await clock.measure {
                    for index in 0..<count {
                        try await hoistway.enqueue(.backup("\(run)-\(index)", payload: payload))
                    }
                }
            } else {
                let documents = (0..<count).map { JobDocument.backup("\(run)-\($0)", payload: payload) }
                time = try await clock.measure {
                    for result in try await hoistway.enqueue(all: documents) { _ = try result.get() }
                }
            }
            print(Int(Double(count) / (time / .seconds(1))))
        }
    }
}
