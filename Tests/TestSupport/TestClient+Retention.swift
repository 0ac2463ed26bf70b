import Broker
import EventLoop
import JSONLD
import Log
package import Storage

extension TestClient {
  /// Sets how long the history of a type is kept, as `kontext retention set` does.
  package func keep(_ type: String, hours: Int32, rollsUp: Bool = false) async throws {
    let policy = RetentionPolicy(
      tenant: try await tenantNumber(), type: Context.core.expand(type), hours: hours,
      rollsUp: rollsUp)
    try await withRetentionStore { try await $0.set(policy) }
  }

  package func withRetentionStore<Result: Sendable>(
    _ body: @escaping @Sendable (RetentionStore) async throws -> Result
  ) async throws -> Result {
    let configuration = BrokerConfiguration(databaseURL: try await TestDatabase.schemaURL())
    let (loop, names) = (broker.loop, broker.tables.names)
    return try await loop.task {
      let pool = configuration.retentionConnection(on: loop)
      defer { pool.close() }
      return try await body(RetentionStore(pool: pool, names: names))
    }.value
  }

  /// Enforces retention once; again where other tests lock the history for too long.
  package func sweepHistory() async throws {
    let configuration = BrokerConfiguration(databaseURL: try await TestDatabase.schemaURL())
    let loop = broker.loop
    try await loop.task {
      let keeper = RetentionKeeper(configuration, on: loop, log: Log(level: .error))
      while await !keeper.sweep() { try await Task.sleep(for: .milliseconds(20)) }
    }.value
  }
}
