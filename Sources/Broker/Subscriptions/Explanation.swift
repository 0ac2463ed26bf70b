import JSON
import JSONLD
package import NGSILD
import NGSILDQuery
import Postgres
package import Storage
package import Subscriptions

/// Why the last change of an Entity did or did not notify a subscription.
package struct Explanation: Sendable {
  /// When the Entity was changed last.
  package let changedAt: DateTime
  package let conditions: [ExplainedCondition]
  /// What of the Entity's changes is owed or given up, the oldest first; no more than a page.
  package let deliveries: [DeliveryView]

  /// Whether such a change, made now, notifies.
  package var isMatch: Bool { conditions.allSatisfy(\.holds) }
}

extension Broker {
  /// Puts the last change of an Entity to the subscription as it is now.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for ids that are none.
  package func explain(
    _ id: String, entity: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Explanation {
    try requireURI(id, as: "The Subscription id")
    try requireEntityID(entity)
    let (stored, record) = try await subscriptions.subscription(id, tenant: tenant)
    try await refreshSubscriptions(to: stored.version)
    guard let subscription = subscriptionTable.subscription(stored.number) else {
      throw NGSILDError(.resourceNotFound, "The Subscription '\(id)' does not exist")
    }
    let found = try await database { () throws(PostgresError) in
      try await history.lastChange(of: entity, tenant: tenant)
    }
    guard let found else {
      throw NGSILDError(.resourceNotFound, "The Entity '\(entity)' does not exist")
    }
    var conditions = try await database { () throws(PostgresError) -> [ExplainedCondition] in
      try await explained(subscription, on: found, in: tenant)
    }
    conditions.insert(inForce(stored, at: found.at), at: 0)
    if subscription.throttling != nil {
      conditions.append(try await throttling(of: subscription, on: found, record, in: tenant))
    }
    let deliveries = try await deliveries(of: id, in: tenant, entity: entity, limit: 100).views
    return Explanation(changedAt: found.at, conditions: conditions, deliveries: deliveries)
  }

  private func inForce(_ stored: StoredSubscription, at change: DateTime) -> ExplainedCondition {
    let isOlder = stored.modified <= change
    return ExplainedCondition(
      "modifiedAt", isOlder,
      "The Subscription was last modified at \(stored.modified), "
        + (isOlder
          ? "before the change"
          : "after the change, which met it as it was then or not "
            + "at all"))
  }

  private func explained(
    _ subscription: CompiledSubscription, on found: LastChange, in tenant: TenantNumber
  ) async throws(PostgresError) -> [ExplainedCondition] {
    if subscription.period != nil {
      return [
        ExplainedCondition(
          "timeInterval", false, "It is notified by the clock, whatever changes")
      ]
    }
    return try await entities.readers.withConnection { connection throws(PostgresError) in
      var linked = LinkedDocuments(on: connection)
      try await linked.loadAll(for: subscription, from: found.document, in: tenant, at: .now)
      let known = linked
      var conditions = subscription.explain(found.change, document: found.document, at: .now) {
        known.known($0.text, in: tenant)?.document
      }
      if let query = subscription.geoQuery {
        conditions.append(try await place(query, of: found, for: subscription, on: connection))
      }
      return conditions
    }
  }

  private func place(
    _ query: GeoQuery, of found: LastChange, for subscription: CompiledSubscription,
    on connection: Connection
  ) async throws(PostgresError) -> ExplainedCondition {
    let geometries = subscription.geometries(of: found.document, at: .now)
    let holds = try await GeoCondition.evaluate(
      [GeoCondition(query, geometries: geometries)], on: connection)[0]
    let shown = geometries.map { String(decoding: $0.prefix(200), as: UTF8.self) }
    let places = shown.isEmpty ? "not there" : shown.joined(separator: ", ")
    return ExplainedCondition(
      "geoQ", holds,
      "'\(query.relation)' to the geometry is asked for; "
        + "'\(subscription.context.compact(query.geoproperty))' is \(places)")
  }

  private func throttling(
    of subscription: CompiledSubscription, on found: LastChange, _ record: StoredDeliveryRecord,
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> ExplainedCondition {
    let isHeld = try await deliveryStore.isThrottled(
      found.entity, for: subscription.key, tenant: tenant)
    let last = record.lastNotification.map { "the last notification was at \($0)" }
    return ExplainedCondition(
      "throttling", !isHeld,
      (isHeld ? "The change waits to be told with others" : "The change does not wait")
        + (last.map { "; \($0)" } ?? ""))
  }
}
