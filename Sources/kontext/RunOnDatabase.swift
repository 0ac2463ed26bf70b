import EventLoop
import Postgres

/// Runs the work of a command on an event loop of its own, on this thread.
///
/// Returns a sentence about what went wrong; nil if nothing did.
func runOnDatabase(
  _ work: @Sendable @escaping (EventLoop) async throws(PostgresError) -> String?
) -> String? {
  let loop = EventLoop()
  let outcome = Outcome()
  Task(executorPreference: loop) {
    do throws(PostgresError) {
      outcome.problem = try await work(loop)
    } catch {
      outcome.problem = "the database failed: \(error)"
    }
    loop.stop()
  }
  loop.run()
  return outcome.problem
}

/// `@unchecked Sendable`: written by the loop's task, and read once the loop has ended.
private final class Outcome: @unchecked Sendable {
  var problem: String?
}
