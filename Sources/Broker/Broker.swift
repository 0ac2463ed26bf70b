package import EventLoop
package import JSONLD
package import Log
package import NGSILD
package import Postgres
package import Storage

/// Everything that one event loop needs to carry out the operations of the standard, which are
/// functions in extensions, one each.
///
/// `@unchecked Sendable`: used on its loop's thread only; what it shares with other loops is
/// itself safe.
package final class Broker: @unchecked Sendable {
  package let loop: EventLoop
  package let source: SourceIdentity
  package let contexts: ContextResolver
  package let contextLibrary: ContextLibrary
  package let contextService: ContextService
  package let tenants: TenantTable
  package let entities: EntityStore
  package let queries: QueryStore
  package let history: HistoryStore
  package let census: CensusStore
  package let subscriptions: SubscriptionStore
  package let subscriptionTable: SubscriptionTable
  package let registrations: RegistrationTable
  package let registrationStore: RegistrationStore
  package let delivery: Delivery
  package let sources: SourceClient
  package let snapshots: SnapshotService
  package let events: EventHub
  package let writer: WriteBatcher
  package let reader: ReadBatcher
  let notifier: any ChangeNotifier
  let copies: SubscriptionCopies
  package let log: Log

  package init(
    loop: EventLoop, source: SourceIdentity, contextLibrary: ContextLibrary,
    contextService: ContextService, tenants: TenantTable, entities: EntityStore,
    queries: QueryStore, history: HistoryStore, census: CensusStore,
    subscriptions: SubscriptionStore, subscriptionTable: SubscriptionTable,
    registrations: RegistrationTable, registrationStore: RegistrationStore, delivery: Delivery,
    sources: SourceClient, snapshots: SnapshotService, events: EventHub,
    notifier: any ChangeNotifier, copies: Pool, log: Log
  ) {
    self.loop = loop
    self.source = source
    self.contextLibrary = contextLibrary
    self.contextService = contextService
    contexts = ContextResolver(loader: contextLibrary, cache: contextService.cache)
    self.tenants = tenants
    self.entities = entities
    self.queries = queries
    self.history = history
    self.census = census
    self.subscriptions = subscriptions
    self.subscriptionTable = subscriptionTable
    self.registrations = registrations
    self.registrationStore = registrationStore
    self.delivery = delivery
    self.sources = sources
    self.snapshots = snapshots
    self.events = events
    self.log = log
    writer = WriteBatcher(
      loop: loop,
      transaction: WriteTransaction(store: entities, notifier: notifier, log: log))
    reader = ReadBatcher(loop: loop, store: entities, log: log)
    self.notifier = notifier
    self.copies = SubscriptionCopies(pool: copies, on: loop, log: log)
    self.copies.broker = self
    snapshots.broker = self
  }

  package var entityMaps: EntityMapStore { EntityMapStore(pool: entities.readers) }

  /// Runs database work and turns its failure into what the user of the API is told.
  func database<Result>(
    _ work: () async throws(PostgresError) -> Result
  ) async throws(NGSILDError) -> Result {
    do throws(PostgresError) {
      return try await work()
    } catch {
      throw log.failure(error, at: "query")
    }
  }
}

extension DateTime {
  /// The present instant, to the millisecond: what timestamps are given in.
  package static var now: DateTime { DateTime(sinceEpoch: WallClock.sinceEpoch) }

  /// To the millisecond.
  ///
  /// - Parameter sinceEpoch: since 1970-01-01 00:00 UTC.
  init(sinceEpoch: Duration) {
    let (seconds, attoseconds) = sinceEpoch.components
    self.init(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000_000 * 1000)
  }

  /// Since 1970-01-01 00:00 UTC.
  var sinceEpoch: Duration { .microseconds(microseconds) }
}
