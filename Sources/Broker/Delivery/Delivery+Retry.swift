import Postgres
import Storage
import Subscriptions

/// What operators want to see delivered at once.
extension Delivery {
  /// An operator wants a notification tried; whoever owes it does so.
  func retry(_ payload: String) {
    guard let (owner, key, id) = DeliveryStore.told(payload) else { return }
    guard isDeliverer(of: owner) else { return }
    recentlyBuried.remove(id)
    Task(executorPreference: loop) { [self] in
      do throws(PostgresError) {
        guard let notification = try await outbox.owed(id, of: key) else { return }
        hurry(notification)
      } catch {
        log.warning("outbox not read", ["error": "\(error)"])
      }
    }
  }

  /// Whatever waits before it in its lane goes before it; that is hurried too.
  private func hurry(_ notification: OwedNotification) {
    guard !isStopping, let subscription = table.subscription(notification.subscription),
      !isMoving(subscription)
    else { return }
    enqueue(notification, for: subscription, isWanted: true)
    endpoints[subscription.endpointURI]?.queue.hurry(notification.lane)
    send(to: subscription.endpointURI)
  }

  /// Notifications of a subscription whose answer this process awaits; callable from any loop.
  func notificationsUnderWay(to key: SubscriptionKey) async -> Set<Int64> {
    await Task(executorPreference: loop) { self.underWay[key]?.notifications ?? [] }.value
  }
}
