import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage
import Subscriptions

/// Which registrations subscriptions are about: the Entities are looked at here, all other
/// conditions by the database, as a transaction sees it.
struct RegistrationMatching {
  let store: RegistrationStore
  let tenant: TenantNumber
  let connection: Connection

  /// The subscriptions that a registration matches.
  func subscriptions(
    among all: [CompiledSubscription], to registration: CompiledRegistration, at now: DateTime
  ) async throws(PostgresError) -> Set<SubscriptionKey> {
    let candidates = all.filter { !$0.information(of: registration.registration).isEmpty }
    let queries = candidates.map {
      RegistrationQuery($0.subscription, among: [registration.key])
    }
    let found = try await store.matches(queries, at: now, tenant: tenant, on: connection)
    return Set(zip(candidates, found).filter { !$0.1.isEmpty }.map(\.0.key))
  }

  /// The registrations that match a subscription, in the order of their keys.
  func registrations(
    in index: RegistrationIndex, to subscription: CompiledSubscription, at now: DateTime
  ) async throws(PostgresError) -> [Registration] {
    let specification = EntitySpecification(subscription.subscription)
    let candidates = index.matches(for: specification, at: now).map(\.registration.key)
    guard !candidates.isEmpty else { return [] }
    let query = RegistrationQuery(subscription.subscription, among: candidates)
    let found = try await store.matches([query], at: now, tenant: tenant, on: connection)[0]
    return found.compactMap { index[$0]?.registration }
  }
}

extension RegistrationQuery {
  init(_ subscription: Subscription, among numbers: [RegistrationNumber]) {
    self.init()
    self.numbers = numbers
    temporal = subscription.temporalQuery?.tree
    geo = subscription.geoQuery?.tree
    scopes = subscription.scopeQuery?.tree
    sources = subscription.sourceQuery?.tree
    query = subscription.query?.tree
  }
}
