package import EventLoop
import JSONLD
package import Log
package import Postgres
package import Storage

extension Broker {
  /// The broker of one loop, over its connections.
  package convenience init(
    on loop: EventLoop, connections: BrokerConnections, tables: BrokerTables,
    notifier: any ChangeNotifier, log: Log
  ) {
    self.init(
      loop: loop,
      contexts: ContextResolver(
        loader: HTTPContextLoader(client: connections.client), cache: tables.contexts),
      tenants: tables.tenants,
      entities: EntityStore(
        names: tables.names, typesets: tables.typesets, writers: connections.writers,
        readers: connections.readers),
      queries: QueryStore(
        names: tables.names, typesets: tables.typesets, pool: connections.queries,
        readers: connections.readers),
      history: HistoryStore(names: tables.names, pool: connections.queries), notifier: notifier,
      log: log)
  }
}

/// Owes nothing to anyone.
package final class NoSubscriptions: ChangeNotifier {
  package init() {}

  package func owed(for writes: [EntityWrite]) async throws(PostgresError) -> [OwedNotification] {
    []
  }

  package func committed(_ notifications: [OwedNotification]) {}
}
