import Broker
import EventLoop
import NGSILD
import Postgres
import Storage

/// The database of a command, with all migrations.
///
/// `@unchecked Sendable`: used on its loop's thread only.
struct CommandDatabase: @unchecked Sendable {
  let configuration: BrokerConfiguration
  let tables: BrokerTables
  let pool: Pool
  let loop: EventLoop

  /// - Parameter tenant: nil for that without a name.
  /// - Throws: `noTenant`, and what the database says.
  func number(of tenant: TenantName?) async throws(NGSILDError) -> TenantNumber {
    try await tables.tenants.number(of: tenant ?? .standard, in: pool)
  }
}

/// Runs the work of a command on an event loop of its own, on this thread.
///
/// Returns a sentence about what went wrong; nil if nothing did.
///
/// - Parameter connect: opens what the work is done over.
func runOnDatabase(
  _ url: String, over connect: @escaping @Sendable (BrokerConfiguration) -> (EventLoop) -> Pool,
  _ work: @Sendable @escaping (CommandDatabase) async throws(PostgresError) -> String?
) -> String? {
  let loop = EventLoop()
  let outcome = Outcome()
  Task(executorPreference: loop) {
    let configuration = BrokerConfiguration(databaseURL: url)
    let pool = connect(configuration)(loop)
    do throws(PostgresError) {
      let tables = BrokerTables()
      _ = try await tables.prepare(configuration, on: loop)
      outcome.problem = try await work(
        CommandDatabase(configuration: configuration, tables: tables, pool: pool, loop: loop))
    } catch {
      outcome.problem = "the database failed: \(error)"
    }
    pool.close()
    loop.stop()
  }
  loop.run()
  return outcome.problem
}

/// `@unchecked Sendable`: written by the loop's task, and read once the loop has ended.
private final class Outcome: @unchecked Sendable {
  var problem: String?
}
