import JSON
import JSONLD
import NGSILD
import Postgres
import Storage
import Subscriptions

/// What the database has to say about changes that are not written yet: geometry, and Entities that
/// changed ones link to.
///
/// It runs within the transaction of the changes, and only for subscriptions that ask for it.
struct DatabaseConditions {
  private var linked: LinkedDocuments

  /// - Parameters:
  ///   - writes: those of the transaction.
  ///   - changes: those of them of which subscriptions are to be told.
  init(of writes: [EntityWrite], for changes: [MatchedChange], on connection: Connection) {
    let areAsked = changes.contains { $0.subscriptions.contains(where: \.looksAtLinked) }
    linked = LinkedDocuments(after: areAsked ? writes : [], on: connection)
  }

  /// Drops the subscriptions whose conditions do not hold.
  mutating func filter(_ changes: inout [MatchedChange]) async throws(PostgresError) {
    try await filterByPlace(&changes)
    for place in changes.indices {
      var kept: [CompiledSubscription] = []
      for subscription in changes[place].subscriptions {
        if subscription.followsLinks {
          guard try await accepts(changes[place], subscription) else { continue }
        }
        kept.append(subscription)
      }
      changes[place].subscriptions = kept
    }
  }

  /// One statement, whatever the number of changes and subscriptions.
  private func filterByPlace(_ changes: inout [MatchedChange]) async throws(PostgresError) {
    var conditions: [GeoCondition] = []
    for change in changes {
      for subscription in change.subscriptions {
        guard let query = subscription.geoQuery else { continue }
        conditions.append(
          GeoCondition(
            query,
            geometries: subscription.geometries(of: change.document, at: change.write.at)))
      }
    }
    guard !conditions.isEmpty else { return }
    let holds = try await GeoCondition.evaluate(conditions, on: linked.connection)
    var next = 0
    for place in changes.indices {
      changes[place].subscriptions.removeAll { subscription in
        guard subscription.geoQuery != nil else { return false }
        defer { next += 1 }
        return !holds[next]
      }
    }
  }

  private mutating func accepts(
    _ change: MatchedChange, _ subscription: CompiledSubscription
  ) async throws(PostgresError) -> Bool {
    try await linked.loadAll(
      for: subscription, from: change.document, in: change.write.tenant, at: change.write.at)
  }

  /// The body of the notification, with linked Entities where the subscription asks for them.
  ///
  /// Choice: where there are more of them than an answer to a query would have, none is told.
  mutating func body(
    of change: MatchedChange, for subscription: CompiledSubscription
  ) async throws(PostgresError) -> [UInt8] {
    let (tenant, now) = (change.write.tenant, change.write.at)
    let entity = NotificationRendering(of: change.write.change, document: change.document, at: now)
      .entity(for: subscription)
    var traversal = subscription.traversal(from: [entity], at: now)
    if traversal != nil {
      let isComplete = try await linked.follow(&traversal, in: tenant, at: now)
      if !isComplete { traversal = nil }
    }
    return subscription.notification(of: [entity], linked: traversal, at: now, uuid: UUIDText())
  }
}

extension CompiledSubscription {
  /// Whether it asks for other Entities than the changed one.
  fileprivate var looksAtLinked: Bool { followsLinks || join != nil }
}

/// Entities to which others link, loaded once each.
struct LinkedDocuments {
  struct Known {
    /// nil for an Entity that does not exist.
    let document: JSONValue?
  }

  let connection: Connection
  private var all: [EntityReference: Known] = [:]

  /// - Parameter writes: changes that the database does not show yet.
  init(after writes: [EntityWrite] = [], on connection: Connection) {
    self.connection = connection
    for write in writes {
      let document = write.change.after.map { _ in JSONValue(storedDocument: write.document) }
      all[EntityReference(tenant: write.tenant, id: write.id)] = Known(document: document)
    }
  }

  func known(_ id: String, in tenant: TenantNumber) -> Known? {
    all[EntityReference(tenant: tenant, id: id)]
  }

  /// Loads all Entities at which the `q` of a subscription looks; returns whether it is satisfied.
  @discardableResult
  mutating func loadAll(
    for subscription: CompiledSubscription, from document: JSONValue, in tenant: TenantNumber,
    at now: DateTime
  ) async throws(PostgresError) -> Bool {
    while true {
      let known = self
      var missing: Set<IRI> = []
      let holds = subscription.accepts(document, at: now) { id in
        guard let entity = known.known(id.text, in: tenant) else {
          missing.insert(id)
          return nil
        }
        return entity.document
      }
      guard !missing.isEmpty else { return holds }
      try await load(missing.sorted().map(\.text), in: tenant, at: now)
    }
  }

  mutating func load(
    _ ids: [String], in tenant: TenantNumber, at now: DateTime
  ) async throws(PostgresError) {
    let references = ids.map { EntityReference(tenant: tenant, id: $0) }.filter { all[$0] == nil }
    guard !references.isEmpty else { return }
    let documents = try await EntityStore.documents(references, at: now, on: connection)
    for (reference, document) in zip(references, documents) {
      all[reference] = Known(document: document.map(JSONValue.init(storedDocument:)))
    }
  }

  /// Loads what a traversal leads to; false if that is too much.
  mutating func follow(
    _ traversal: inout LinkTraversal?, in tenant: TenantNumber, at now: DateTime
  ) async throws(PostgresError) -> Bool {
    while true {
      let next: [String]?
      do throws(NGSILDError) {
        next = try traversal?.next()
      } catch {
        return false
      }
      guard let ids = next else { return true }
      try await load(ids, in: tenant, at: now)
      traversal?.add(ids.compactMap { known($0, in: tenant)?.document })
    }
  }
}
