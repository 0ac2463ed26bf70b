import EventLoop
import JSON
import JSONLD
import Log
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage
import Subscriptions

/// Sends the notifications of subscriptions with `timeInterval`.
///
/// All processes wake when one is due; the database decides which of them sends it. It goes to the
/// outbox in the transaction that moves the subscription to its next interval.
///
/// Standard: GS CIM 009, 5.8.6.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class PeriodicNotifications: @unchecked Sendable {
  private let loop: EventLoop
  private let store: PeriodStore
  private let queries: QueryStore
  private let table: SubscriptionTable
  private let registrations: RegistrationTable
  private let delivery: Delivery
  private let log: Log
  private let refresh: () async -> Void
  /// Asks Context Sources too for the Entities of a subscription; nil where there are none to ask.
  var gathering: (CompiledSubscription, TenantNumber) async -> [JSONValue]? = { _, _ in nil }
  /// Subscriptions for which sources are being asked.
  private var beingGathered: Set<SubscriptionKey> = []
  private var timer: TimerID?
  private var isRunning = false
  private var isAskedAgain = false
  private var isStopped = false

  /// Choice: Entities that one notification holds at most; further ones follow in another one.
  private static let entitiesMax = 500
  private static let waitAfterFailure = Duration.seconds(1)
  /// How long another process leaves it to this one to ask sources; longer than that takes.
  private static let gatheringLease = Duration.seconds(60)
  private static let gatheredAtOnceMax = 16

  /// - Parameter refresh: brings `table` up to date.
  init(
    store: PeriodStore, queries: QueryStore, table: SubscriptionTable,
    registrations: RegistrationTable, delivery: Delivery, log: Log,
    refresh: @escaping () async -> Void
  ) {
    self.store = store
    self.queries = queries
    self.table = table
    self.registrations = registrations
    self.delivery = delivery
    self.log = log
    self.refresh = refresh
    loop = delivery.loop
  }

  func stop() {
    isStopped = true
    if let timer { loop.cancel(timer) }
    timer = nil
  }

  /// Sends what is due, and comes back when something is.
  func wake() {
    guard !isStopped else { return }
    guard !isRunning else {
      isAskedAgain = true
      return
    }
    isRunning = true
    if let timer { loop.cancel(timer) }
    timer = nil
    Task(executorPreference: loop) { [self] in
      let wait = await sendDue()
      isRunning = false
      guard !isStopped else { return }
      if isAskedAgain {
        isAskedAgain = false
        wake()
      } else if let wait {
        timer = loop.after(max(wait, .milliseconds(1))) { [self] in
          timer = nil
          wake()
        }
      }
    }
  }

  /// Returns until when nothing is due; nil if nothing ever is.
  private func sendDue() async -> Duration? {
    do throws(PostgresError) {
      var others = 0
      for due in try await store.due() {
        if isStopped { return nil }
        guard await knows(due) else {
          others += 1
          continue
        }
        if try await mayHaveSources(due) ? !gather(due) : !sendOrSkip(due) { others += 1 }
      }
      // What another process is at is not due any more once it is done.
      let wait = try await store.untilNext()
      return wait.map { others > 0 && $0 <= .zero ? .milliseconds(50) : $0 }
    } catch {
      log.warning("periodic notifications not sent", ["error": "\(error)"])
      return Self.waitAfterFailure
    }
  }

  /// One that has just been resumed must not be taken for the paused one.
  private func knows(_ due: PeriodStore.Due) async -> Bool {
    if table.version < due.version { await refresh() }
    return table.version >= due.version
  }

  private func mayHaveSources(_ due: PeriodStore.Due) -> Bool {
    !registrations.index(of: due.tenant).isEmpty && table.distributed(due.subscription) != nil
  }

  /// Asks sources for what is due, beside what else is, and sends it then. Returns false if that is
  /// another process's, or has to wait.
  private func gather(_ due: PeriodStore.Due) async throws(PostgresError) -> Bool {
    guard beingGathered.count < Self.gatheredAtOnceMax,
      try await store.claim(due, for: Self.gatheringLease)
    else { return false }
    beingGathered.insert(due.subscription)
    Task(executorPreference: loop) { [self] in
      var gathered: [JSONValue]?
      if let subscription = table.subscription(due.subscription), subscription.isActive(at: .now) {
        gathered = await gathering(subscription, due.tenant)
      }
      beingGathered.remove(due.subscription)
      do throws(PostgresError) {
        if !isStopped { _ = try await sendOrSkip(due, gathered) }
      } catch {
        log.warning("periodic notification not sent", ["error": "\(error)"])
      }
      wake()
    }
    return true
  }

  /// Returns false if it is another process's, or has to be tried again.
  ///
  /// - Parameter gathered: the Entities, where sources were asked too.
  /// - Throws: what may pass, so that it is tried again.
  private func sendOrSkip(
    _ due: PeriodStore.Due, _ gathered: [JSONValue]? = nil
  ) async throws(PostgresError) -> Bool {
    do throws(PostgresError) {
      return try await send(due, gathered)
    } catch {
      guard error.kind == .statement, !error.isSerializationFailure else {
        // It may have been committed all the same.
        if error.isConnectionLoss { delivery.comeBack(for: [due.subscription]) }
        throw error
      }
      // One that cannot be made must not keep others from being sent.
      log.warning(
        "periodic notification not made",
        ["subscription": "\(due.subscription)", "error": "\(error)"])
      let interval = table.subscription(due.subscription)?.period ?? Self.waitAfterFailure
      try await store.skip(due, interval: interval)
      return true
    }
  }

  private func send(
    _ due: PeriodStore.Due, _ gathered: [JSONValue]?
  ) async throws(PostgresError) -> Bool {
    let subscription = table.subscription(due.subscription)
    let isSent = try await store.pool.withConnection { connection throws(PostgresError) in
      guard try await PeriodStore.begin(due, on: connection) else { return false }
      if let subscription, subscription.isActive(at: .now), subscription.period != nil {
        switch subscription.subscription.subject {
        case .entities:
          if let gathered {
            try await owe(gathered, to: subscription, due.tenant, on: connection)
          } else {
            try await oweEntities(to: subscription, due.tenant, on: connection)
          }
        case .registrations:
          try await oweRegistrations(to: subscription, due.tenant, on: connection)
        }
      }
      return try await PeriodStore.commit(due, again: subscription?.period, on: connection)
    }
    if isSent { delivery.readOwn(due.subscription) }
    return isSent
  }

  /// Writes notifications of all Entities that the subscription asks for, a portion each.
  private func oweEntities(
    to subscription: CompiledSubscription, _ tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) {
    let now = DateTime.now
    let query = EntityQuery(subscription.subscription)
    var range = try await queries.keys()
    while true {
      let found = try await queries.references(
        query, in: range, limit: Self.entitiesMax, at: now, tenant: tenant)
      guard let last = found.last else { return }
      let documents = try await EntityStore.documents(
        found.map(\.reference), at: now, on: connection)
      let entities = documents.compactMap { $0.map(JSONValue.init(storedDocument:)) }
      try await owePortion(entities, to: subscription, tenant, at: now, on: connection)
      if found.count < Self.entitiesMax { return }
      range = range.after(last.key)
    }
  }

  /// Writes notifications of Entities that were gathered, a portion each.
  private func owe(
    _ entities: [JSONValue], to subscription: CompiledSubscription, _ tenant: TenantNumber,
    on connection: Connection
  ) async throws(PostgresError) {
    var rest = entities[...]
    while !rest.isEmpty {
      try await owePortion(
        Array(rest.prefix(Self.entitiesMax)), to: subscription, tenant, at: .now, on: connection)
      rest = rest.dropFirst(Self.entitiesMax)
    }
  }

  private func owePortion(
    _ entities: [JSONValue], to subscription: CompiledSubscription, _ tenant: TenantNumber,
    at now: DateTime, on connection: Connection
  ) async throws(PostgresError) {
    guard !entities.isEmpty else { return }
    let body = try await body(of: entities, for: subscription, tenant, at: now, on: connection)
    let due = DueNotification(
      tenant: tenant, subscription: subscription.key, entity: DueNotification.severalEntities,
      body: body, channels: .init(subscription, at: now))
    try await PeriodStore.owe([due], by: delivery.process, on: connection)
  }

  private func oweRegistrations(
    to subscription: CompiledSubscription, _ tenant: TenantNumber, on connection: Connection
  ) async throws(PostgresError) {
    let matching = RegistrationMatching(
      store: RegistrationStore(names: queries.names, readers: store.pool, queries: store.pool),
      tenant: tenant, connection: connection)
    let due = try await matching.notifications(
      of: registrations.index(of: tenant), to: subscription, because: .updated, at: .now)
    guard !due.isEmpty else { return }
    try await PeriodStore.owe(due, by: delivery.process, on: connection)
  }

  private func body(
    of entities: [JSONValue], for subscription: CompiledSubscription, _ tenant: TenantNumber,
    at now: DateTime, on connection: Connection
  ) async throws(PostgresError) -> [UInt8] {
    var traversal = subscription.traversal(from: entities, at: now)
    if traversal != nil {
      var linked = LinkedDocuments(on: connection)
      let isComplete = try await linked.follow(&traversal, in: tenant, at: now)
      if !isComplete { traversal = nil }
    }
    return subscription.notification(of: entities, linked: traversal, at: now, uuid: UUIDText())
  }
}

extension EntityQuery {
  /// The Entities that a subscription asks for.
  fileprivate init(_ subscription: Subscription) {
    self.init()
    selectors = subscription.entities.map(NGSILDQuery.EntitySelector.init)
    query = subscription.query?.tree
    geo = subscription.geoQuery?.tree
    scopes = subscription.scopeQuery?.tree
  }
}
