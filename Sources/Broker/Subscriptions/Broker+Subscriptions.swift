package import JSON
package import JSONLD
package import NGSILD
import Postgres
package import Storage
package import Subscriptions

/// Subscriptions (GS CIM 009, 5.8).
extension Broker {
  /// 5.8.1: the subscription is in force once this returns.
  ///
  /// - Parameters:
  ///   - context: of the request; it is also that of the notifications unless the body names
  ///     another one by `jsonldContext`.
  ///   - site: what names the contexts of the notifications, where one has to be hosted for them.
  /// - Throws: `invalidRequest`, `badRequestData`, `notImplemented`, `alreadyExists`,
  ///   `ldContextNotAvailable`.
  package func createSubscription(
    _ body: JSONValue, context: Context, in tenant: TenantNumber, at site: ContextSite
  ) async throws(NGSILDError) -> Subscription {
    var subscription = try SubscriptionParser(context: context).subscription(
      body, generatedID: "urn:ngsi-ld:Subscription:\(UUIDText())", at: .now)
    let source = try await linkContext(of: &subscription, requested: context, in: tenant, at: site)
    let version = try await subscriptions.insert(
      NewSubscription(
        tenant: tenant, id: subscription.id, created: subscription.createdAt,
        document: subscription.stored, context: source,
        isPeriodic: subscription.timeInterval != nil))
    try await refreshSubscriptions(to: version)
    return subscription
  }

  /// 5.8.2: the change is in force once this returns.
  ///
  /// - Parameters:
  ///   - context: of the request; only the names in `fragment` are read with it.
  ///   - site: as for `createSubscription`.
  /// - Throws: as `createSubscription`, but `resourceNotFound` for `alreadyExists`.
  package func updateSubscription(
    _ id: String, with fragment: JSONValue, context: Context, in tenant: TenantNumber,
    at site: ContextSite
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Subscription id")
    while true {
      let (row, _) = try await subscriptions.subscription(id, tenant: tenant)
      let old = try Subscription(
        stored: row.document, createdAt: row.created, modifiedAt: row.modified)
      var new = try SubscriptionParser(context: context).update(old, with: fragment, at: .now)
      // Where 'jsonldContext' is removed, that of this request takes its place.
      let source =
        new.jsonldContext == old.jsonldContext
        ? row.context.map { Array($0.rawText.utf8) }
        : try await linkContext(of: &new, requested: context, in: tenant, at: site)
      let version = try await subscriptions.update(
        row, modified: new.modifiedAt, document: new.stored, context: source,
        period: periodChange(from: old, to: new))
      // Without one, another change came between.
      if let version { return try await refreshSubscriptions(to: version) }
    }
  }

  /// Choice: the period begins anew where a subscription has another one, or comes to be active.
  private func periodChange(from old: Subscription, to new: Subscription) -> PeriodChange {
    guard let interval = new.timeInterval else { return old.timeInterval == nil ? .stay : .end }
    let now = DateTime.now
    let isResumed = new.status(at: now) == .active && old.status(at: now) != .active
    return isResumed || interval.value != old.timeInterval?.value ? .restart : .stay
  }

  /// Returns the context of the notifications, as JSON, and sees that `jsonldContext` names it where
  /// it has no URL of its own (5.13.1).
  private func linkContext(
    of subscription: inout Subscription, requested: Context, in tenant: TenantNumber,
    at site: ContextSite
  ) async throws(NGSILDError) -> [UInt8]? {
    guard let url = subscription.jsonldContext else {
      if requested.linkURL == nil {
        subscription.jsonldContext = try await linked(requested, in: tenant, at: site).linkURL
      }
      return requested.source
    }
    do throws(JSONLDError) {
      return try await contexts.context(linkedAt: url, in: site.tenantName).source
    } catch {
      throw NGSILDError(
        error.isUnavailability ? .ldContextNotAvailable : .badRequestData,
        "'jsonldContext' is not usable: \(error)")
    }
  }

  /// 5.8.3.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func retrieveSubscription(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> SubscriptionView {
    try requireURI(id, as: "The Subscription id")
    let (row, counts) = try await delivery.withCounts { () async throws(NGSILDError) in
      try await subscriptions.subscription(id, tenant: tenant)
    }
    return try SubscriptionView(row.subscription, row.record, counts)
  }

  /// 5.8.4: in the order of their creation.
  package func querySubscriptions(
    limit: Int, offset: Int, counts: Bool, in tenant: TenantNumber
  ) async throws(NGSILDError) -> (views: [SubscriptionView], count: Int?) {
    let (page, unwritten) = try await delivery.withCounts { () async throws(NGSILDError) in
      try await subscriptions.page(of: tenant, limit: limit, offset: offset, counts: counts)
    }
    var views: [SubscriptionView] = []
    for (stored, record) in page.subscriptions {
      views.append(try SubscriptionView(stored, record, unwritten))
    }
    return (views, page.count)
  }

  /// 5.8.5: nothing is sent any more once this returns, but what is under way.
  ///
  /// - Throws: as `retrieveSubscription`.
  package func deleteSubscription(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Subscription id")
    try await refreshSubscriptions(to: try await subscriptions.delete(id, tenant: tenant))
  }

  /// The change is committed: if the table cannot follow now, it will at its next check.
  func refreshSubscriptions(
    to version: SubscriptionVersion
  ) async throws(NGSILDError) {
    do throws(PostgresError) {
      try await subscriptionTable.refresh(to: version, from: subscriptions, contexts: contexts)
    } catch {
      log.warning("subscriptions not refreshed", ["error": "\(error)"])
    }
  }
}

/// A subscription with all that is shown of it.
package struct SubscriptionView: Sendable {
  package let subscription: Subscription
  package let record: DeliveryRecord
  /// Of the `@context` of its notifications; nil for the Core, and for one that was hosted, which
  /// the subscription itself names.
  package let contextURL: String?

  init(
    _ stored: StoredSubscription, _ record: StoredDeliveryRecord, _ unwritten: UnwrittenCounts
  ) throws(NGSILDError) {
    subscription = try Subscription(
      stored: stored.document, createdAt: stored.created, modifiedAt: stored.modified)
    self.record = DeliveryRecord(record, adding: unwritten[stored.number])
    contextURL = stored.context.flatMap(Context.url)
  }

  package func write(to writer: inout JSONWriter, as representation: SubscriptionRepresentation) {
    representation.write(
      subscription, contextURL: contextURL, record, at: .now, to: &writer)
  }
}

extension DeliveryRecord {
  fileprivate init(_ stored: StoredDeliveryRecord, adding counts: DeliveryCounts?) {
    self.init()
    timesSent = stored.timesSent + (counts?.sent ?? 0)
    timesFailed = stored.timesFailed + (counts?.failed ?? 0)
    lastNotification = later(stored.lastNotification, counts?.lastAttempt)
    lastSuccess = later(stored.lastSuccess, counts?.lastSuccess)
    lastFailure = later(stored.lastFailure, counts?.lastFailure)
  }
}

private func later(_ one: DateTime?, _ other: DateTime?) -> DateTime? {
  guard let one, let other else { return one ?? other }
  return max(one, other)
}
