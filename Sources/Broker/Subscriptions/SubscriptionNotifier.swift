import JSON
import NGSILD
package import Storage
import Subscriptions

/// Works out which notifications the writes of one loop owe, and hands them to delivery.
package final class SubscriptionNotifier: ChangeNotifier {
  private let table: SubscriptionTable
  private let delivery: Delivery

  init(table: SubscriptionTable, delivery: Delivery) {
    self.table = table
    self.delivery = delivery
  }

  package var process: ProcessNumber { delivery.process }

  package func due(for writes: [EntityWrite]) -> [DueNotification] {
    var due: [DueNotification] = []
    for write in writes where table.hasSubscriptions(in: write.tenant) {
      render(write, into: &due)
    }
    return due
  }

  package func committed(_ notifications: [OwedNotification]) {
    if !notifications.isEmpty { delivery.deliver(notifications) }
  }

  package func unsure(_ notifications: [DueNotification]) {
    if !notifications.isEmpty { delivery.deliverIfCommitted(notifications) }
  }

  private func render(_ write: EntityWrite, into notifications: inout [DueNotification]) {
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
      notifications.append(
        DueNotification(
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
