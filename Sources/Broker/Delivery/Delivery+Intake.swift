package import Storage
import Subscriptions

/// What comes into memory.
extension Delivery {
  /// Takes over notifications that this process has committed; callable from any loop.
  package func deliver(_ notifications: [OwedNotification]) {
    if loop.isOnLoop {
      take(notifications)
    } else {
      Task(executorPreference: loop) { self.take(notifications) }
    }
  }

  /// Notifications of a transaction whose outcome is unknown; callable from any loop.
  package func deliverIfCommitted(_ notifications: [DueNotification]) {
    let keys = Set(notifications.map(\.subscription))
    Task(executorPreference: loop) { self.comeBack(for: keys) }
  }

  private func take(_ notifications: [OwedNotification]) {
    var touched: Set<String> = []
    for notification in notifications {
      let key = notification.subscription
      guard let subscription = table.subscription(key) else {
        // Deleted meanwhile.
        settle { $0.done.append(notification.reference) }
        continue
      }
      guard notification.process == process else {
        // Another one delivers it, unless it is dead and this one does so in its place.
        if taken.contains(notification.process) {
          feed(of: key).addBacklog(of: notification.process, isOwn: false)
          wantRead(key)
        }
        continue
      }
      let stays =
        !hasRoom(for: notification) || hasOvertaken(notification) || isMoving(subscription)
      if feed(of: key).leaves(stays, max: limits.perSubscriptionMax, to: process) {
        wantRead(key)
      } else {
        enqueue(notification, for: subscription)
        touched.insert(subscription.endpointURI)
      }
    }
    for uri in touched { send(to: uri) }
  }

  private func hasRoom(for notification: OwedNotification) -> Bool {
    !isStopping && bytes + notification.body.count <= limits.bytesMax
  }

  /// Whether the one before it has not arrived here yet.
  private func hasOvertaken(_ notification: OwedNotification) -> Bool {
    guard let predecessor = notification.predecessor else { return false }
    return !feed(of: notification.subscription).known.contains(predecessor)
      && !recentlyDone.contains(predecessor) && !recentlyBuried.contains(predecessor)
  }

  /// Puts a notification, new or read, into the queue of its endpoint.
  ///
  /// - Parameter isWanted: whether an operator wants it sent, whatever the cooldown.
  func enqueue(
    _ notification: OwedNotification, for subscription: CompiledSubscription,
    isWanted: Bool = false
  ) {
    let key = subscription.key
    let feed = feed(of: key)
    // Done before: PostgreSQL has crashed and forgotten that, or another loop was slow to tell.
    guard !recentlyDone.contains(notification.id) else { return finish(notification) }
    // Read before it became a dead letter.
    guard !recentlyBuried.contains(notification.id) else { return }
    guard feed.known.insert(notification.id).inserted else { return }
    let isTaken = endpoint(subscription.endpointURI).queue.append(
      notification, id: notification.id, lane: notification.lane, attempts: notification.attempts,
      cooldown: isWanted ? nil : subscription.cooldown, since: notification.since)
    guard isTaken else { return finish(notification) }
    feed.queued += 1
    feed.endpoint = subscription.endpointURI
    bytes += notification.body.count
  }
}
