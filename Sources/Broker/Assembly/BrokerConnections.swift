import DistributedOperations
package import EventLoop
package import HTTPClient
package import Postgres
import Snapshots
import Storage

/// The connections of one loop's broker, by what they are for.
package final class BrokerConnections: Sendable {
  package let writers: Pool
  package let readers: Pool
  package let queries: Pool
  /// For reads of the history: ranges of its index, but perhaps long ones.
  package let history: Pool
  let historyLimits: HistoryLimits
  /// One, for the execution of Snapshots; it is opened only where that is done.
  let snapshots: Pool
  let snapshotLifetime: LifetimeLimits
  /// For copies of subscriptions at Context Sources: who plans them may wait for who is at it.
  let copies: Pool
  /// One, for housekeeping; it is opened only where that is done.
  package let background: Pool
  package let client: HTTPClient
  let contextTimeout: Duration
  let sourceTimeout: Duration
  let sourceCredentials: SourceCredentials

  package init(_ configuration: BrokerConfiguration, on loop: EventLoop) {
    let planned = configuration.connection(settings: EntityStore.sessionSettings)
    let writing = configuration.connection(settings: EntityStore.writerSettings)
    writers = configuration.pool(writing, max: configuration.writeConnections, on: loop)
    readers = configuration.pool(planned, max: configuration.readConnections, on: loop)
    background = configuration.pool(planned, max: 1, on: loop)
    copies = configuration.pool(planned, max: 2, on: loop)
    queries = configuration.queryPool(max: configuration.queryConnections, on: loop)
    var ranging = configuration.connection(
      settings: EntityStore.sessionSettings.merging(
        ["jit": "off", "statement_timeout": configuration.statementTimeout]
      ) { $1 })
    ranging.cancelsQueries = true
    history = configuration.pool(ranging, max: configuration.queryConnections, on: loop)
    historyLimits = configuration.historyLimits
    snapshots = configuration.snapshotPool(on: loop)
    snapshotLifetime = configuration.snapshotLifetime
    var limits = HTTPClientConfiguration()
    limits.addressPolicy = configuration.allowedAddresses
    limits.connectionsPerHostMax = configuration.sourceConnections
    client = HTTPClient(loop: loop, configuration: limits)
    contextTimeout = configuration.contextTimeout
    sourceTimeout = configuration.sourceTimeout
    sourceCredentials = configuration.sourceCredentials
  }

  package var pools: [(name: String, pool: Pool)] {
    [("write", writers), ("read", readers), ("query", queries), ("history", history)]
  }

  /// Call it on the loop's thread.
  package func close() async {
    await client.shutDown()
    for (_, pool) in pools { pool.close() }
    background.close()
    copies.close()
    snapshots.close()
  }
}

extension BrokerConfiguration {
  fileprivate var statementTimeout: String { "\(queryTimeout.components.seconds)s" }

  /// For a command that does one thing after the other in one session.
  package func singleConnection(on loop: EventLoop) -> Pool {
    pool(connection(), max: 1, on: loop)
  }

  /// For a command that reads or writes Entities with their history.
  package func archiveConnections(on loop: EventLoop) -> Pool {
    let settings = EntityStore.sessionSettings.merging(["jit": "off"]) { $1 }
    return pool(connection(settings: settings), max: 1, on: loop)
  }

  /// For who enforces how long history is kept, or tells what that would free.
  package func retentionConnection(on loop: EventLoop) -> Pool {
    pool(connection(settings: RetentionSweep.sessionSettings), max: 1, on: loop)
  }

  /// Where the database is, with settings of a session.
  func connection(settings: [String: String] = [:]) -> Connection.Configuration {
    var connection = Connection.Configuration(url: databaseURL, settings: settings)
    connection.applicationName = "kontext"
    return connection
  }

  /// For queries that nobody waits for, one after the other.
  func snapshotPool(on loop: EventLoop) -> Pool {
    pool(querying(statementTimeout: "10min"), max: 1, on: loop)
  }

  /// Connections for statements that are planned for their values, and bounded in time.
  func queryPool(max: Int, on loop: EventLoop) -> Pool {
    var querying = querying(statementTimeout: statementTimeout)
    querying.cancelsQueries = true
    return pool(querying, max: max, on: loop)
  }

  private func querying(statementTimeout: String) -> Connection.Configuration {
    connection(
      settings: QueryStore.sessionSettings.merging(["statement_timeout": statementTimeout]) { $1 })
  }

  func pool(
    _ connection: Connection.Configuration, max: Int, on loop: EventLoop
  ) -> Pool {
    var configuration = Pool.Configuration(connection, connectionsMax: max)
    configuration.waitTimeout = connectionWait
    return Pool(configuration, on: loop)
  }
}
