/// Growing, jittered waits between attempts.
struct Backoff {
    private static let shortest = Duration.milliseconds(50)
    private static let longest = Duration.seconds(2)

    private var ceiling = Self.shortest

    /// The next wait: a random one from half of the ceiling up to it. The ceiling doubles from 50 ms to 2 s.
    mutating func next() -> Duration {
        defer { ceiling = min(ceiling * 2, Self.longest) }
        return ceiling * Double.random(in: 0.5...1)
    }

    mutating func reset() {
        ceiling = Self.shortest
    }
}
