import JSON
import JSONLD
import NGSILD
package import Postgres
package import Storage
import Subscriptions

/// Works out which notifications the writes of one loop owe, and hands them to delivery.
package final class SubscriptionNotifier: ChangeNotifier {
  private let table: SubscriptionTable
  private let subscriptions: SubscriptionStore
  private let contexts: ContextResolver
  private let delivery: Delivery
  private let throttle: Throttle

  /// - Parameters:
  ///   - subscriptions: on the loop that writes.
  ///   - contexts: on the loop of delivery.
  init(
    table: SubscriptionTable, subscriptions: SubscriptionStore, contexts: ContextResolver,
    delivery: Delivery, throttle: Throttle
  ) {
    self.table = table
    self.subscriptions = subscriptions
    self.contexts = contexts
    self.delivery = delivery
    self.throttle = throttle
  }

  package var process: ProcessNumber { delivery.process }

  package func due(
    for writes: [EntityWrite], by requests: [RequestHeaders?],
    knowing version: SubscriptionVersion, on connection: Connection
  ) async throws(PostgresError) -> [DueNotification] {
    try await follow(to: version)
    var matched: [MatchedChange] = []
    for (write, request) in zip(writes, requests) where table.hasSubscriptions(in: write.tenant) {
      if let change = match(write, request) { matched.append(change) }
    }
    guard !matched.isEmpty else { return [] }
    var conditions = DatabaseConditions(of: writes, for: matched, on: connection)
    try await conditions.filter(&matched)
    var due: [DueNotification] = []
    for change in matched {
      for subscription in change.subscriptions {
        due.append(
          DueNotification(
            tenant: change.write.tenant, subscription: subscription.key, entity: change.write.key,
            body: try await conditions.body(of: change, for: subscription),
            isThrottled: subscription.throttling != nil,
            channels: .init(subscription, at: change.write.at),
            headers: change.headers(for: subscription)))
      }
    }
    return due
  }

  package func committed(_ notifications: [OwedNotification], of due: [DueNotification]) {
    if !notifications.isEmpty { delivery.deliver(notifications) }
    throttle.hold(due.filter(\.isThrottled))
  }

  package func unsure(_ notifications: [DueNotification]) {
    if !notifications.isEmpty { delivery.deliverIfCommitted(notifications) }
  }

  /// What another process has acknowledged is in force here too, whether or not news of it came.
  ///
  /// Entities are locked meanwhile, so that no context is waited for: one that is not at hand is
  /// taken up as soon as it is there.
  private func follow(to version: SubscriptionVersion) async throws(PostgresError) {
    let known = table.version
    guard known < version else { return }
    try await table.refresh(to: version, from: subscriptions, contexts: contexts.atHand)
    Task(executorPreference: delivery.loop) { [table, contexts] in
      await table.resolveContexts(contexts, since: known)
    }
  }

  private func match(_ write: EntityWrite, _ request: RequestHeaders?) -> MatchedChange? {
    guard var matching = ChangeMatching(write.change) else { return nil }
    table.findCandidates(for: &matching, in: write.tenant)
    guard matching.hasCandidates else { return nil }
    var parsed: JSONValue?
    func document() -> JSONValue {
      if let parsed { return parsed }
      let document = write.notifiedDocument
      parsed = document
      return document
    }
    let due = matching.due(document: document, at: write.at)
    guard !due.isEmpty else { return nil }
    return MatchedChange(
      write: write, request: request, document: document(), subscriptions: due)
  }
}

/// A change, and the subscriptions that are due for it.
struct MatchedChange {
  let write: EntityWrite
  let request: RequestHeaders?
  /// The Entity in stored form after the change; of a deleted one as it was before.
  let document: JSONValue
  var subscriptions: [CompiledSubscription]

  /// The header fields of the request that a subscription wants repeated, as JSON.
  func headers(for subscription: CompiledSubscription) -> String? {
    guard let request, !subscription.repeatedHeaders.isEmpty else { return nil }
    var writer = JSONWriter()
    writer.beginObject()
    for name in subscription.repeatedHeaders {
      guard let value = request.value(name), isHeaderValue(value) else { continue }
      writer.name(name)
      writer.string(value)
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

extension EntityWrite {
  /// The Entity in stored form after the change; of a deleted one as it was before.
  fileprivate var notifiedDocument: JSONValue {
    guard change.after == nil, let before = change.before else {
      return JSONValue(storedDocument: document)
    }
    var writer = JSONWriter(reservingCapacity: 2048)
    before.write(to: &writer)
    return JSONValue(storedDocument: writer.bytes)
  }
}

extension DueNotification.Channels {
  init(_ subscription: CompiledSubscription, at now: DateTime) {
    self = []
    if !subscription.isStreamOnly { insert(.endpoint) }
    if subscription.keepsEvents(at: now) { insert(.stream) }
  }
}
