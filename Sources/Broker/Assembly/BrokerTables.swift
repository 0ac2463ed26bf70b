package import EventLoop
package import JSONLD
import NGSILD
package import Postgres
import Schemas
package import Storage

/// What the brokers of all loops of a process share.
package struct BrokerTables: Sendable {
  package let names: NameTable
  package let typesets: TypesetTable
  package let indexed = IndexedAttributeTable()
  let keys = EntityStore.newKeys()
  package let tenants = TenantTable()
  package let collations = CollationTable()
  package let source = SourceIdentity()
  package let sourceHealth = SourceHealth()
  package let answerMemory = AnswerMemory()
  package let answerCache = AnswerCache()
  package let accessTokens = AccessTokens()
  package let contexts = ContextCache { WallClock.sinceEpoch }

  package init() {
    names = NameTable()
    typesets = TypesetTable(names: names)
  }

  /// Migrates the database and reads what requests would otherwise look up.
  ///
  /// Returns the migrations that were applied.
  package func prepare(
    _ configuration: BrokerConfiguration, on loop: EventLoop
  ) async throws(PostgresError) -> [Migration] {
    let migrations = Schemas.migrations.map { number, name, script in
      Migration(number: number, name: name, script: String(decoding: script, as: UTF8.self))
    }
    let connection = configuration.connection()
    let applied = try await Migrator(migrations).migrate(connection, on: loop)
    let pool = Pool(Pool.Configuration(connection, connectionsMax: 1), on: loop)
    defer { pool.close() }
    try await names.load(from: pool)
    try await indexed.load(from: pool)
    try await source.load(from: pool, given: configuration.sourceAlias)
    try await HistoryPartitions.createAhead(in: pool, at: .now)
    return applied
  }

  /// What has to be done now and then: partitions of the history are created ahead.
  package func maintain(
    _ configuration: BrokerConfiguration, on loop: EventLoop
  ) async throws(PostgresError) {
    let pool = Pool(Pool.Configuration(configuration.connection(), connectionsMax: 1), on: loop)
    defer { pool.close() }
    try await HistoryPartitions.createAhead(in: pool, at: .now)
  }
}
