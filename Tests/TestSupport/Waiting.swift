package struct TimedOut: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

/// Asks again and again until `condition` holds.
///
/// - Throws: `TimedOut` for what never comes to be; a machine with much to do has the time it
///   takes.
package func until(_ what: String, _ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while try await !condition() {
    guard .now < end else { throw TimedOut(description: "Not in time: \(what)") }
    try await Task.sleep(for: .milliseconds(20))
  }
}
