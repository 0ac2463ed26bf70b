import DistributedOperations
package import JSON
package import JSONLD
package import NGSILD
import Postgres
package import Storage
package import Subscriptions

/// Subscriptions to Entities (GS CIM 009, 5.8) and to Context Source Registrations (5.11).
extension Broker {
  /// 5.8.1: the subscription is in force once this returns.
  ///
  /// - Parameters:
  ///   - context: of the request; it is also that of the notifications unless the body names
  ///     another one by `jsonldContext`.
  ///   - site: what names the contexts of the notifications, where one has to be hosted for them,
  ///     and this broker to Context Sources.
  ///   - isLocal: whether no source is to be asked, whatever the body says.
  ///   - via: the `Via` fields of the request.
  /// - Throws: `invalidRequest`, `badRequestData`, `alreadyExists`, `ldContextNotAvailable`,
  ///   `loopDetected`.
  package func createSubscription(
    _ body: JSONValue, of subject: SubscriptionSubject = .entities, context: Context,
    in tenant: TenantNumber, at site: ContextSite, isLocal: Bool = false, via: [String] = []
  ) async throws(NGSILDError) -> Subscription {
    try requireNoLoop(Via(via), in: site.tenantName)
    var subscription = try SubscriptionParser(context: context, of: subject).subscription(
      body, generatedID: "urn:ngsi-ld:Subscription:\(UUIDText())", at: .now)
    if isLocal && subject == .entities { subscription.localOnly = true }
    let source = try await linkContext(of: &subscription, requested: context, in: tenant, at: site)
    let version = try await subscriptions.of(subject).insert(
      NewSubscription(
        tenant: tenant, id: subscription.id, created: subscription.createdAt,
        document: subscription.stored, context: source,
        firstPeriod: subscription.firstPeriod,
        distribution: subscription.distribution(at: site, via: via)))
    try await refreshSubscriptions(to: version)
    switch subject {
    case .entities: keepCopies(in: tenant)
    case .registrations: try await tellRegistrations(to: subscription.id, in: tenant)
    }
    return subscription
  }

  /// Choice: a copy that comes back to where it was made is refused. What it would tell is told
  /// already.
  private func requireNoLoop(_ via: Via, in tenantName: String) throws(NGSILDError) {
    guard via.contains(source.alias(of: TenantName(stored: tenantName))) else { return }
    throw NGSILDError(
      .loopDetected, "The Subscription has been here before: 'Via' names this broker")
  }

  /// 5.8.2: the change is in force once this returns.
  ///
  /// - Parameters:
  ///   - context: of the request; only the names in `fragment` are read with it.
  ///   - site: as for `createSubscription`.
  /// - Throws: as `createSubscription`, but `resourceNotFound` for `alreadyExists`.
  package func updateSubscription(
    _ id: String, of subject: SubscriptionSubject = .entities, with fragment: JSONValue,
    context: Context, in tenant: TenantNumber, at site: ContextSite
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Subscription id")
    while true {
      let (row, _) = try await subscriptions.of(subject).subscription(id, tenant: tenant)
      let old = try Subscription(row)
      var new = try SubscriptionParser(context: context, of: subject)
        .update(old, with: fragment, at: .now)
      // Where 'jsonldContext' is removed, that of this request takes its place.
      let source =
        new.jsonldContext.isExactly(old.jsonldContext)
        ? row.context.map { Array($0.rawText.utf8) }
        : try await linkContext(of: &new, requested: context, in: tenant, at: site)
      let version = try await subscriptions.update(
        row, modified: new.modifiedAt, document: new.stored, context: source,
        period: periodChange(from: old, to: new),
        endsQuiet: new.throttling?.value != old.throttling?.value,
        distribution: new.distribution(at: site))
      // Without one, another change came between.
      guard let version else { continue }
      try await refreshSubscriptions(to: version)
      switch subject {
      case .entities: keepCopies(in: tenant)
      case .registrations: try await tellRegistrations(to: id, in: tenant)
      }
      return
    }
  }

  /// Choice: the period begins anew where a subscription has another one, or comes to be active.
  private func periodChange(from old: Subscription, to new: Subscription) -> PeriodChange {
    guard let interval = new.timeInterval else { return old.timeInterval == nil ? .stay : .end }
    let now = DateTime.now
    let isResumed = new.status(at: now) == .active && old.status(at: now) != .active
    return isResumed || interval.value != old.timeInterval?.value
      ? .restart(after: new.firstPeriod ?? .zero) : .stay
  }

  /// Returns the context of the notifications, as JSON, and sees that `jsonldContext` names it
  /// where it has no URL of its own (5.13.1).
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
    _ id: String, of subject: SubscriptionSubject = .entities, in tenant: TenantNumber
  ) async throws(NGSILDError) -> SubscriptionView {
    try requireURI(id, as: "The Subscription id")
    let store = subscriptions.of(subject)
    let (row, counts) = try await delivery.withCounts { () async throws(NGSILDError) in
      subject == .registrations && StoredSubscription.isInternal(id)
        ? try await store.subscription(ofInternal: id, tenant: tenant)
        : try await store.subscription(id, tenant: tenant)
    }
    return try SubscriptionView(row.subscription, row.record, counts, of: subject)
  }

  /// 5.8.4: in the order of their creation.
  package func querySubscriptions(
    of subject: SubscriptionSubject = .entities, limit: Int, offset: Int, counts: Bool,
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> (views: [SubscriptionView], count: Int?) {
    let (page, unwritten) = try await delivery.withCounts { () async throws(NGSILDError) in
      try await subscriptions.of(subject).page(
        of: tenant, limit: limit, offset: offset, counts: counts)
    }
    var views: [SubscriptionView] = []
    for (stored, record) in page.subscriptions {
      views.append(try SubscriptionView(stored, record, unwritten, of: subject))
    }
    return (views, page.count)
  }

  /// 5.8.5: nothing is sent any more once this returns, but what is under way.
  ///
  /// - Throws: as `retrieveSubscription`.
  package func deleteSubscription(
    _ id: String, of subject: SubscriptionSubject = .entities, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Subscription id")
    let version = try await subscriptions.of(subject).delete(id, tenant: tenant)
    try await refreshSubscriptions(to: version)
    keepCopies(in: tenant)
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

  /// - Parameter subject: what the request is about: a subscription to Entities stands for what the
  ///   broker itself subscribes to among registrations.
  init(
    _ stored: StoredSubscription, _ record: StoredDeliveryRecord, _ unwritten: UnwrittenCounts,
    of subject: SubscriptionSubject
  ) throws(NGSILDError) {
    let subscription = try Subscription(stored)
    contextURL = stored.context.flatMap(Context.url)
    guard subscription.subject == subject else {
      self.subscription = subscription.toRegistrations(
        id: stored.internalID,
        notifying: SourceNotificationURL.of(brokerURL: stored.distribution.brokerURL ?? ""))
      self.record = DeliveryRecord()
      return
    }
    self.subscription = subscription
    self.record = DeliveryRecord(record, adding: unwritten[stored.number])
  }

  package func write(to writer: inout JSONWriter, as representation: SubscriptionRepresentation) {
    representation.write(
      subscription, contextURL: contextURL, record, at: .now, to: &writer)
  }
}

extension Subscription {
  fileprivate func distribution(
    at site: ContextSite, via: [String] = []
  ) -> SubscriptionDistribution {
    SubscriptionDistribution(
      isWanted: isDistributed, brokerURL: site.brokerURL, via: via.joined(separator: ", "))
  }

  /// Registrations are told when the subscription is made, Entities with the first period.
  fileprivate var firstPeriod: Duration? {
    subject == .registrations ? period : period.map { _ in .zero }
  }
}

extension DeliveryRecord {
  init(_ stored: StoredDeliveryRecord, adding counts: DeliveryCounts? = nil) {
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
