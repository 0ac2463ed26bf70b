import JSON
import NGSILD
import Postgres
import Storage
import Subscriptions

/// Makes of what sources tell what a subscriber is told.
struct SourceRendering {
  let now = DateTime.now
  private let subscription: CompiledSubscription
  private let tenant: TenantNumber
  private var linked: LinkedDocuments

  init(
    _ subscription: CompiledSubscription, in tenant: TenantNumber, on connection: Connection
  ) {
    self.subscription = subscription
    self.tenant = tenant
    linked = LinkedDocuments(on: connection)
  }

  /// nil for an Entity that the subscriber does not ask for.
  mutating func body(of reported: ReportedEntity) async throws(PostgresError) -> [UInt8]? {
    let entity = reported.stored
    guard try await accepts(reported, entity) else { return nil }
    var traversal = subscription.traversal(from: [entity], at: now)
    if traversal != nil {
      let isComplete = try await linked.follow(&traversal, in: tenant, at: now)
      if !isComplete { traversal = nil }
    }
    return subscription.notification(of: [entity], linked: traversal, at: now, uuid: UUIDText())
  }

  /// Conditions on split Entities hold for what is put together; of others, the source has seen
  /// more than it tells. What was deleted has nothing to hold them against.
  private mutating func accepts(
    _ reported: ReportedEntity, _ entity: JSONValue
  ) async throws(PostgresError) -> Bool {
    guard subscription.subscription.isSplit, reported.deletedAt == nil else { return true }
    guard subscription.isInScope(entity),
      try await linked.loadAll(for: subscription, from: entity, in: tenant, at: now)
    else { return false }
    guard let geo = subscription.geoQuery else { return true }
    let condition = GeoCondition(geo, geometries: subscription.geometries(of: entity, at: now))
    return try await GeoCondition.evaluate([condition], on: linked.connection)[0]
  }
}
