/// A condition did not come true in time.
package struct TimedOut: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// Waits until a condition holds, by looking every few milliseconds.
/// - Parameters:
///   - what: the condition in words, for the failure.
///   - timeout: how long to wait at most.
/// - Throws: ``TimedOut``, and whatever the condition throws.
package func eventually(
    _ what: String = "the condition",
    timeout: Duration = .seconds(60),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + timeout
    while try await !condition() {
        guard clock.now < deadline else { throw TimedOut(description: "\(what) did not hold within \(timeout)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
