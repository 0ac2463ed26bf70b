package import NGSILD
import Postgres
package import Storage
package import Subscriptions

/// The events of a subscription as one client follows them.
///
/// `@unchecked Sendable`: used on its hub's loop only.
package final class EventStream: @unchecked Sendable {
  package enum Step: Sendable {
    /// These follow what was told before, without gaps.
    case events([StreamedEvent])
    /// The events from one number to another are not kept any more.
    case gap(ClosedRange<Int64>)
    /// Nothing came for a while.
    case quiet
    case end(End)
  }

  /// Why a stream has ended.
  package enum End: String, Sendable {
    case deleted = "The Subscription was deleted"
    case closing = "The broker is shutting down; another one, or this one soon, goes on"
    case failed = "The database does not answer; try again"
  }

  private let hub: EventHub
  private let feed: EventFeed
  /// The number of the last event that was told; nil before the first step.
  private var told: Int64?
  private var isOpen = true

  /// - Parameter number: the last event that the client knows; nil for one that knows none, and is
  ///   told of new ones only.
  init(_ hub: EventHub, _ feed: EventFeed, after number: Int64?) {
    self.hub = hub
    self.feed = feed
    told = number
  }

  /// Call it when nobody follows any more.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    hub.leave(feed)
  }

  /// The number after which it goes on; waits for the database.
  package func start() async -> Int64? {
    let due = ContinuousClock.now + hub.limits.quietMax
    while feed.last == nil && !hub.isClosed && .now < due { await feed.wait(until: due) }
    if told == nil { told = feed.last }
    return told
  }

  /// What comes next, waited for.
  package func next() async -> Step {
    // By chance, so that thousands of streams do not beat in step.
    let due = ContinuousClock.now + hub.limits.quietMax * Double.random(in: 0.5...1)
    while true {
      guard !hub.isClosed else { return .end(.closing) }
      guard hub.table.subscription(feed.subscription) != nil else { return .end(.deleted) }
      guard let told, let last = feed.last else { return .end(.failed) }
      if told < last { return await news(after: told, upTo: last) }
      if told > last {
        if let step = await restart(from: told) { return step }
        // The feed may have read on meanwhile.
        guard feed.last == last else { continue }
      }
      guard .now < due else { return .quiet }
      await feed.wait(until: due)
    }
  }

  private func news(after number: Int64, upTo last: Int64) async -> Step {
    if let events = feed.events(after: number) { return tell(Array(events)) }
    do throws(PostgresError) {
      let events = try await hub.store.events(
        of: feed.subscription, tenant: feed.tenant, after: number, limit: hub.limits.pageMax)
      let next = events.first?.number ?? last + 1
      guard next == number + 1 else {
        told = next - 1
        return .gap(number + 1...next - 1)
      }
      return tell(events)
    } catch {
      return failed(error)
    }
  }

  /// The client knows of events that this loop does not. Nil where they have yet to be heard of;
  /// otherwise they never were: the database was restored.
  private func restart(from number: Int64) async -> Step? {
    do throws(PostgresError) {
      let last = try await hub.store.last(of: feed.subscription, tenant: feed.tenant)
      guard last < number else {
        hub.told(feed.subscription)
        return nil
      }
      told = last
      return .gap(last + 1...number)
    } catch {
      return failed(error)
    }
  }

  private func failed(_ error: PostgresError) -> Step {
    hub.log.warning("events not read", ["error": "\(error)"])
    return .end(.failed)
  }

  private func tell(_ events: [StreamedEvent]) -> Step {
    told = events.last?.number ?? told
    return .events(events)
  }
}

extension Broker {
  /// Follows the notifications of a subscription as they are committed.
  ///
  /// - Parameter number: the last event that the client knows.
  /// - Throws: `resourceNotFound`, `badRequestData` for an id that is no URI, and `overloaded`.
  package func followEvents(
    of id: String, after number: Int64?, in tenant: TenantNumber
  ) async throws(NGSILDError) -> @Sendable () -> EventStream {
    try requireURI(id, as: "The Subscription id")
    let stored = try await subscriptions.subscription(id, tenant: tenant).subscription
    try await refreshSubscriptions(to: stored.version)
    try await keepEvents(of: stored.number, in: tenant)
    guard events.count < events.limits.streamsMax else {
      throw NGSILDError(
        .overloaded, "\(events.count) event streams are open, as many as may be; try again")
    }
    return { [events] in
      EventStream(events, events.join(stored.number, tenant: tenant), after: number)
    }
  }

  /// Has the notifications of a subscription kept as events, for some time from now on.
  package func keepEvents(
    of key: SubscriptionKey, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    guard let subscription = subscriptionTable.subscription(key), !subscription.isStreamOnly else {
      return
    }
    let term = events.limits.term
    let end = DateTime.now.sinceEpoch + term / 2
    if let until = subscription.streamedUntil, until.sinceEpoch > end { return }
    guard let version = try await subscriptions.stream(key, tenant: tenant, for: term) else {
      return
    }
    try await refreshSubscriptions(to: version)
  }
}
