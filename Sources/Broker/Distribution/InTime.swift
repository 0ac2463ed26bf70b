/// What `body` makes, if it is done before `deadline`; then it is cancelled.
///
/// - Throws: what `body` does, or `lateness`.
func inTime<Value: Sendable, Failure>(
  _ deadline: ContinuousClock.Instant, otherwise lateness: Failure,
  _ body: @Sendable @escaping () async throws(Failure) -> Value
) async throws(Failure) -> Value {
  let outcome = await withTaskGroup(of: Result<Value, Failure>.self) { group in
    group.addTask {
      do throws(Failure) {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    group.addTask {
      try? await Task.sleep(until: deadline, clock: .continuous)
      return .failure(lateness)
    }
    defer { group.cancelAll() }
    return await group.next()
  }
  guard let outcome else { preconditionFailure("A group of two tasks has a first result") }
  return try outcome.get()
}
