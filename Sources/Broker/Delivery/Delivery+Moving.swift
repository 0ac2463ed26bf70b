import Storage
import Subscriptions

/// Subscriptions whose endpoint was changed.
extension Delivery {
  /// Moves all subscriptions whose endpoint was changed.
  func followEndpoints() {
    for key in Array(feeds.keys) { moveIfNeeded(key) }
  }

  func moveIfNeeded(_ key: SubscriptionKey) {
    guard let subscription = table.subscription(key), isMoving(subscription),
      let uri = feeds[key]?.endpoint
    else { return }
    moveAway(key, from: uri)
  }

  /// Whether something is still queued or under way at an endpoint that is no more the
  /// subscription's. Until that has ended, nothing goes to the new one, so that order is kept.
  func isMoving(_ subscription: CompiledSubscription) -> Bool {
    guard let feed = feeds[subscription.key], feed.queued > 0 else { return false }
    return feed.endpoint != subscription.endpointURI
  }

  /// Gives back what waits at the old endpoint; it is read again for the new one.
  func moveAway(_ key: SubscriptionKey, from uri: String) {
    evict(endpoints[uri]?.queue.remove { $0.subscription == key } ?? [])
  }
}
