import NGSILD
import Postgres
import Registrations
import Storage
import Subscriptions

/// Changes of registrations of one tenant: nobody else makes any meanwhile, and who subscribed to
/// them is owed notifications by the same transaction.
///
/// What a method throws, or a refusal of the caller, leaves nothing behind.
final class RegistrationTransaction {
  let connection: Connection
  let tenant: TenantNumber
  let now: DateTime
  /// As it was when the transaction began.
  let index: RegistrationIndex
  let queries: QueryStore
  /// From which on caches know all that was done.
  private(set) var version: RegistrationVersion = 0
  private(set) var due: [DueNotification] = []
  private let table: RegistrationTable
  private let matching: RegistrationMatching
  /// To registrations of the tenant, those that are active.
  private let subscriptions: [CompiledSubscription]

  init(_ broker: Broker, _ tenant: TenantNumber, on connection: Connection)
    async throws(PostgresError)
  {
    self.connection = connection
    self.tenant = tenant
    table = broker.registrations
    queries = broker.queries
    matching = RegistrationMatching(
      store: broker.registrationStore, tenant: tenant, connection: connection)
    try await RegistrationStore.begin(tenant, on: connection)
    try await table.refresh(on: connection)
    try await broker.subscriptionTable.refresh(
      from: broker.subscriptions, contexts: broker.contexts)
    index = table.index(of: tenant)
    let now = DateTime.now
    self.now = now
    subscriptions = broker.subscriptionTable.toRegistrations(of: tenant)
      .filter { $0.isActive(at: now) }
  }

  /// - Throws: as the database does; nil if there is none that has not expired.
  func registration(_ id: String) async throws(PostgresError) -> CompiledRegistration? {
    try await RegistrationStore.registration(id, tenant: tenant, at: now, on: connection)
      .flatMap(table.compile)
  }

  func insert(_ registration: Registration) async throws(PostgresError) {
    let change = try await matching.store.insert(
      NewRegistration(registration), tenant: tenant, on: connection)
    version = change.version
    try await tell(
      from: nil, [], to: CompiledRegistration(registration, key: change.number))
  }

  func replace(
    _ old: CompiledRegistration, by registration: Registration
  ) async throws(PostgresError) {
    let before = try await matching.subscriptions(among: subscriptions, to: old, at: now)
    version = try await matching.store.update(
      old.key, to: NewRegistration(registration), tenant: tenant, on: connection
    ).version
    try await tell(from: old, before, to: CompiledRegistration(registration, key: old.key))
  }

  func delete(_ registration: CompiledRegistration) async throws(PostgresError) {
    try await delete(registration, lastAt: now)
  }

  /// Removes the registration if it has expired.
  func reap(_ id: String) async throws(PostgresError) {
    let row = try await RegistrationStore.expired(id, tenant: tenant, at: now, on: connection)
    guard let expired = row.flatMap(table.compile),
      let expiry = expired.registration.expiresAt?.instant
    else { return }
    try await delete(expired, lastAt: DateTime(microseconds: expiry.microseconds - 1))
  }

  /// - Parameter lastAt: when it was still in force.
  private func delete(
    _ registration: CompiledRegistration, lastAt: DateTime
  ) async throws(PostgresError) {
    let before = try await matching.subscriptions(
      among: subscriptions, to: registration, at: lastAt)
    version = try await RegistrationStore.delete(
      registration.key, tenant: tenant, on: connection
    ).version
    try await tell(from: registration, before, to: nil)
  }

  /// Owes a subscription all registrations that match it now.
  func tellAll(to subscription: CompiledSubscription) async throws(PostgresError) {
    guard subscription.isActive(at: now) else { return }
    due += try await matching.notifications(
      of: index, to: subscription, because: .newlyMatching, at: now)
  }

  // MARK: Telling

  private func tell(
    from old: CompiledRegistration?, _ before: Set<SubscriptionKey>,
    to new: CompiledRegistration?
  ) async throws(PostgresError) {
    var after: Set<SubscriptionKey> = []
    if let new {
      after = try await matching.subscriptions(among: subscriptions, to: new, at: now)
    }
    for subscription in subscriptions {
      let key = subscription.key
      guard let reason = TriggerReason(before.contains(key), after.contains(key)),
        let told = reason == .noLongerMatching ? old : new
      else { continue }
      due.append(
        DueNotification(
          tenant: tenant, registrations: [told.registration], to: subscription, because: reason,
          at: now))
    }
  }
}

extension TriggerReason {
  /// nil for what did not match before and does not now.
  fileprivate init?(_ matchedBefore: Bool, _ matchesNow: Bool) {
    switch (matchedBefore, matchesNow) {
    case (true, true): self = .updated
    case (false, true): self = .newlyMatching
    case (true, false): self = .noLongerMatching
    case (false, false): return nil
    }
  }
}

extension RegistrationMatching {
  /// Choice: registrations that one notification holds at most; further ones follow in another one.
  private static let registrationsMax = 500

  /// Notifications of all registrations that match a subscription; none if none does.
  func notifications(
    of index: RegistrationIndex, to subscription: CompiledSubscription,
    because reason: TriggerReason, at now: DateTime
  ) async throws(PostgresError) -> [DueNotification] {
    var rest = try await registrations(in: index, to: subscription, at: now)[...]
    var due: [DueNotification] = []
    while !rest.isEmpty {
      due.append(
        DueNotification(
          tenant: tenant, registrations: Array(rest.prefix(Self.registrationsMax)),
          to: subscription, because: reason, at: now))
      rest = rest.dropFirst(Self.registrationsMax)
    }
    return due
  }
}

extension DueNotification {
  /// All notifications of one subscription to registrations are one lane, so that they arrive in
  /// order.
  ///
  /// Choice: they are not throttled.
  fileprivate init(
    tenant: TenantNumber, registrations: [Registration], to subscription: CompiledSubscription,
    because reason: TriggerReason, at now: DateTime
  ) {
    self.init(
      tenant: tenant, subscription: subscription.key, entity: Self.severalEntities,
      body: subscription.notification(
        of: registrations, because: reason, at: now, uuid: UUIDText()))
  }
}

extension NewRegistration {
  init(_ registration: Registration) {
    self.init(
      id: registration.id, document: registration.stored, entity: registration.entity,
      observed: registration.observationInterval?.instants,
      managed: registration.managementInterval?.instants)
  }
}

extension TimeInterval {
  fileprivate var instants: NewRegistration.Interval { (startAt.instant, endAt?.instant) }
}
