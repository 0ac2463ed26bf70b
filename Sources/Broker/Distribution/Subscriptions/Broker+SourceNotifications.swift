package import DistributedOperations
import JSON
import JSONLD
package import NGSILD
import Postgres
import Registrations
import Storage
import Subscriptions

/// What Context Sources notify this broker of (GS CIM 009, 5.8.6).
extension Broker {
  /// Owes the subscriber what a source tells; it is committed once this returns.
  ///
  /// Nobody is told of what is not the source's to tell, or is not asked for (any more).
  ///
  /// - Parameter contextURL: of the Link header.
  /// - Throws: `resourceNotFound` for an id that no source has from this broker; `badRequestData`
  ///   or `invalidRequest` for what is no NGSI-LD.
  package func take(
    _ notification: SourceNotification, linking contextURL: String?
  ) async throws(NGSILDError) {
    let store = SubscriptionCopyStore(pool: self.entities.readers)
    guard let copy = try await store.copy(notifying: notification.subscription) else {
      throw NGSILDError(
        .resourceNotFound,
        "There is no Subscription '\(notification.subscription.prefix(200))' of this broker")
    }
    guard copy.isWanted, let subscription = try await subscription(copy.subscription),
      subscription.isActive(at: .now), let source = Registration(keptIn: copy.source)
    else { return }
    sources.answers.drop(CompiledRegistration(source, key: copy.registration))
    let origin = origin(in: copy.tenantName, context: subscription.linkedContext)
    let deadline = ContinuousClock.now + sources.timeout
    let contexts = try await SourceContexts(
      of: notification.data, link: contextURL,
      otherwise: await address(of: source, from: origin, before: deadline).context,
      in: copy.tenantName, by: self.contexts, before: deadline)
    let reported: [ReportedEntity] = try SourceAnswer.findings(
      notification.data, context: contexts.context)
    var entities: [ReportedEntity] = []
    for var entity in reported {
      guard let part = source.part(of: entity.entity),
        subscription.selects(part.id, types: part.types)
      else { continue }
      entity.entity = part
      entities.append(entity)
    }
    if subscription.subscription.isSplit {
      entities = try await SplitEntities(
        broker: self, tenant: copy.tenant, origin: origin, sender: source
      ).completed(entities)
    }
    try await database { () async throws(PostgresError) in
      try await owe(entities, to: subscription, in: copy.tenant)
    }
  }

  /// A source may be faster than the news of the subscription among this broker's processes.
  private func subscription(
    _ key: SubscriptionNumber
  ) async throws(NGSILDError) -> CompiledSubscription? {
    if let subscription = subscriptionTable.subscription(key) { return subscription }
    try await database { () async throws(PostgresError) in
      try await subscriptionTable.refresh(from: subscriptions, contexts: contexts)
    }
    return subscriptionTable.subscription(key)
  }

  /// Writes a notification of each Entity, as for changes here, in the order in which they come.
  private func owe(
    _ entities: [ReportedEntity], to subscription: CompiledSubscription, in tenant: TenantNumber
  ) async throws(PostgresError) {
    guard !entities.isEmpty else { return }
    try await self.entities.withWriter { connection throws(PostgresError) in
      try await SubscriptionCopyStore.beginNotifying(subscription.key, on: connection)
      var rendering = SourceRendering(subscription, in: tenant, on: connection)
      var due: [DueNotification] = []
      for entity in entities {
        if let body = try await rendering.body(of: entity) {
          due.append(
            DueNotification(
              tenant: tenant, subscription: subscription.key,
              entity: DueNotification.lane(ofRemote: entity.entity.id), body: body,
              isThrottled: subscription.throttling != nil,
              channels: .init(subscription, at: rendering.now)))
        }
      }
      do throws(PostgresError) {
        notifier.committed(
          try await SubscriptionCopyStore.commit(due, by: notifier.process, on: connection),
          of: due)
      } catch {
        if error.isConnectionLoss { notifier.unsure(due) }
        throw error
      }
    }
  }
}
