import JSON
import NGSILD
package import Postgres
package import Storage
import Subscriptions
import Synchronization

/// Works out which notifications the writes of one loop owe, and hands them to delivery.
///
/// `@unchecked Sendable`: its pool is used on its loop's thread only; all else is shared safely.
package final class SubscriptionNotifier: ChangeNotifier, @unchecked Sendable {
  private let table: SubscriptionTable
  private let ids: NotificationIDs
  private let delivery: Delivery
  private let outbox: OutboxStore

  init(table: SubscriptionTable, ids: NotificationIDs, delivery: Delivery, outbox: OutboxStore) {
    self.table = table
    self.ids = ids
    self.delivery = delivery
    self.outbox = outbox
  }

  package func owed(
    for writes: [EntityWrite]
  ) async throws(PostgresError) -> [OwedNotification] {
    var rendered: [Rendered] = []
    for write in writes where table.hasSubscriptions(in: write.tenant) {
      render(write, into: &rendered)
    }
    guard !rendered.isEmpty else { return [] }
    let ids = try await ids.take(rendered.count, from: outbox)
    return zip(rendered, ids).map { notification, id in
      OwedNotification(
        tenant: notification.tenant, id: id, subscription: notification.subscription,
        entity: notification.entity, process: delivery.process, body: notification.body)
    }
  }

  package func committed(_ notifications: [OwedNotification]) {
    if !notifications.isEmpty { delivery.deliver(notifications) }
  }

  package func unsure(_ notifications: [OwedNotification]) {
    if !notifications.isEmpty { delivery.deliverIfCommitted(notifications) }
  }

  private struct Rendered {
    let tenant: TenantNumber
    let subscription: SubscriptionKey
    let entity: Int64
    let body: [UInt8]
  }

  private func render(_ write: EntityWrite, into rendered: inout [Rendered]) {
    guard var matching = ChangeMatching(write.change) else { return }
    table.findCandidates(for: &matching, in: write.tenant)
    guard matching.hasCandidates else { return }
    var parsed: JSONValue?
    func document() -> JSONValue {
      if let parsed { return parsed }
      let document = write.notifiedDocument
      parsed = document
      return document
    }
    let due = matching.due(document: document, at: write.at)
    guard !due.isEmpty else { return }
    let rendering = NotificationRendering(of: write.change, document: document(), at: write.at)
    for subscription in due {
      rendered.append(
        Rendered(
          tenant: write.tenant, subscription: subscription.key, entity: write.key,
          body: rendering.body(for: subscription, uuid: UUIDText())))
    }
  }
}

extension EntityWrite {
  /// The Entity in stored form after the change; of a deleted one as it was before.
  fileprivate var notifiedDocument: JSONValue {
    var bytes = document
    if change.after == nil, let before = change.before {
      var writer = JSONWriter(reservingCapacity: 2048)
      before.write(to: &writer)
      bytes = writer.bytes
    }
    do throws(JSONError) {
      return try JSONValue(parsing: bytes, limits: JSONLimits(depthMax: 256))
    } catch {
      preconditionFailure("A stored form that was just written is no JSON: \(error)")
    }
  }
}

/// Numbers for notifications, ascending for the whole process: of two writes of one Entity, the
/// later one takes its numbers later, since it waits for the row's lock.
final class NotificationIDs: Sendable {
  private struct State {
    var next: Int64 = 0
    var end: Int64 = 0
  }

  private let state = Mutex(State())

  func take(_ count: Int, from outbox: OutboxStore) async throws(PostgresError) -> [Int64] {
    var taken: [Int64] = []
    taken.reserveCapacity(count)
    while true {
      take(count - taken.count, into: &taken)
      if taken.count == count { return taken }
      let block = try await outbox.reserveIDs()
      state.withLock { state in
        // One that another loop reserved later may be in use already.
        guard block >= state.end else { return }
        (state.next, state.end) = (block, block + OutboxStore.idsPerBlock)
      }
    }
  }

  private func take(_ count: Int, into taken: inout [Int64]) {
    let range = state.withLock { state in
      let range = state.next..<min(state.next + Int64(count), state.end)
      state.next = range.upperBound
      return range
    }
    taken += range
  }
}
