import NGSILD
import Postgres

/// A notification that a change owes to a subscription; written with the change.
package struct OwedNotification: Sendable {
  package let tenant: TenantNumber
  /// Ascending within a process, so that it orders what one process wrote.
  package let id: Int64
  /// `subscription.key`.
  package let subscription: Int64
  /// `entity.key`: order is kept per subscription and Entity.
  package let entity: Int64
  /// `broker_process.id` of the process that delivers it.
  package let process: Int64
  /// The request body, whole.
  package let body: [UInt8]
  /// Attempts that failed so far.
  package let attempts: Int

  package init(
    tenant: TenantNumber, id: Int64, subscription: Int64, entity: Int64, process: Int64,
    body: [UInt8], attempts: Int = 0
  ) {
    self.tenant = tenant
    self.id = id
    self.subscription = subscription
    self.entity = entity
    self.process = process
    self.body = body
    self.attempts = attempts
  }
}

/// The outbox in the database.
package struct OutboxStore {
  static func insert(_ notifications: [OwedNotification]) -> [SQL] {
    guard !notifications.isEmpty else { return [] }
    return [
      """
      INSERT INTO notification (tenant, id, subscription, entity, process, created, body)
      SELECT tenant, id, subscription, entity, process, now(), body
      FROM unnest(
        \(notifications, each: { $0.tenant }), \(notifications, each: { $0.id }),
        \(notifications, each: { $0.subscription }), \(notifications, each: { $0.entity }),
        \(notifications, each: { $0.process }), \(notifications, each: { $0.body })
      ) AS new (tenant, id, subscription, entity, process, body)
      """
    ]
  }
}
