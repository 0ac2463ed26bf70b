package import NGSILD
package import Storage
import Subscriptions

/// A notification on its way, as operators see it.
package struct DeliveryView: Sendable {
  package enum State: String, Sendable {
    /// To be sent, or to be sent again.
    case waiting
    /// Sent by the process that was asked, and not answered yet; of other processes it shows as
    /// waiting.
    case underWay
    /// Given up: kept, and tried again when an operator wants it.
    case dead
  }

  package let state: State
  package let row: DeliveryRow

  init(_ row: DeliveryRow, underWay: Set<Int64>) {
    self.row = row
    state = row.died != nil ? .dead : underWay.contains(row.id) ? .underWay : .waiting
  }
}

/// What operators see and do of the notifications that a subscription is owed.
extension Broker {
  /// - Parameter entity: only notifications of this one; nil for all.
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func deliveries(
    of id: String, in tenant: TenantNumber, entity: String? = nil, limit: Int, offset: Int = 0,
    counts: Bool = false
  ) async throws(NGSILDError) -> (views: [DeliveryView], count: Int?) {
    let key = try await subscriptionKey(id, in: tenant)
    let rows = try await deliveryStore.page(
      of: key, tenant: tenant, entity: entity, limit: limit, offset: offset)
    let underWay = await delivery.notificationsUnderWay(to: key)
    let count = counts ? try await deliveryStore.count(of: key, tenant: tenant) : nil
    return (rows.map { DeliveryView($0, underWay: underWay) }, count)
  }

  /// Has a notification tried at once, also a dead letter.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func retryDelivery(
    _ notification: Int64, of id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let key = try await subscriptionKey(id, in: tenant)
    let isThere = try await deliveryStore.retry(
      notification, of: key, tenant: tenant, by: delivery.process)
    guard isThere else {
      throw NGSILDError(
        .resourceNotFound,
        "The Subscription '\(id)' is owed no notification \(notification); it may be delivered")
    }
  }

  var deliveryStore: DeliveryStore { DeliveryStore(pool: entities.readers) }

  private func subscriptionKey(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> SubscriptionKey {
    try requireURI(id, as: "The Subscription id")
    return try await subscriptions.subscription(id, tenant: tenant).subscription.number
  }
}
