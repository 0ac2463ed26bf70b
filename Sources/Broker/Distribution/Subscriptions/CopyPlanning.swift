import DistributedOperations
import JSON
import NGSILD
import Postgres
import Registrations
import Storage
import Subscriptions

/// Works out which copies of subscriptions there are to be at Context Sources, and writes that
/// down.
struct CopyPlanning {
  let broker: Broker

  /// Plans for all changes that this process knows; returns up to which ones that is done.
  ///
  /// - Parameter known: up to which it is known to be done, so that without a change this costs
  ///   nothing.
  func run(after known: PlannedVersions) async throws(PostgresError) -> PlannedVersions {
    let current = self.current
    guard current != known else { return known }
    try await broker.subscriptionTable.refresh(
      from: broker.subscriptions, contexts: broker.contexts)
    try await broker.registrations.refresh(from: broker.registrationStore.readers)
    return try await broker.copies.store.pool.withConnection { connection throws(PostgresError) in
      try await plan(on: connection)
    }
  }

  /// What the tables know; read before what they hold, which is then no older.
  private var current: PlannedVersions {
    PlannedVersions(
      subscriptions: broker.subscriptionTable.version, registrations: broker.registrations.version)
  }

  private func plan(on connection: Connection) async throws(PostgresError) -> PlannedVersions {
    let current = self.current
    let done = try await SubscriptionCopyStore.beginPlanning(on: connection)
    // Another process may know more by now.
    let next = PlannedVersions(
      subscriptions: max(done.subscriptions, current.subscriptions),
      registrations: max(done.registrations, current.registrations))
    guard next != done else {
      try await connection.rollback()
      return next
    }
    let changed = try await SubscriptionCopyStore.changes(since: done, on: connection)
    var tenants = Dictionary(changed.subscriptions.map { ($0.number, $0.tenant) }) { $1 }
    for tenant in changed.tenants {
      for number in broker.subscriptionTable.distributed(of: tenant) { tenants[number] = tenant }
    }
    var changes = CopyChanges()
    changes.gone = try await SubscriptionCopyStore.orphans(on: connection)
    let orphans = Set(changes.gone)
    let copies = try await SubscriptionCopyStore.copies(of: Array(tenants.keys), on: connection)
    let present = Dictionary(grouping: copies.filter { !orphans.contains($0.reference) }) {
      $0.subscription
    }
    for (number, tenant) in tenants {
      plan(number, in: tenant, present: present[number] ?? [], into: &changes)
      // Others have work on this loop too.
      await Task.yield()
    }
    try await SubscriptionCopyStore.commit(changes, upTo: next, on: connection)
    return next
  }

  private func plan(
    _ number: SubscriptionNumber, in tenant: TenantNumber, present: [PlannedCopy],
    into changes: inout CopyChanges
  ) {
    var rest = present
    for copy in wanted(number, in: tenant) {
      let source = copy.registration.registration
      let place = rest.firstIndex {
        $0.registration == copy.registration.key && $0.part == copy.part
          && $0.isAt(source)
      }
      guard let place else {
        changes.new.append((tenant, NewCopy(copy, of: number)))
        continue
      }
      let old = rest.remove(at: place)
      let document = copy.subscription.identified(as: old.id).stored
      guard old.wanted != document || old.source != source.stored else { continue }
      changes.changed.append((old.reference, source.stored, document))
    }
    changes.gone += rest.map(\.reference)
  }

  private func wanted(
    _ number: SubscriptionNumber, in tenant: TenantNumber
  ) -> [SubscriptionPlan.Copy] {
    guard let (subscription, distribution) = broker.subscriptionTable.distributed(number),
      let brokerURL = broker.contextService.publicURL ?? distribution.brokerURL
    else { return [] }
    return SubscriptionPlan(
      subscription.subscription, among: broker.registrations.index(of: tenant),
      via: Via([distribution.via]), notifying: SourceNotificationURL.of(brokerURL: brokerURL),
      at: .now
    ).copies
  }
}

/// Where this broker takes notifications of Context Sources.
package enum SourceNotificationURL {
  /// Choice: the standard leaves it to the broker.
  package static let path = "/ngsi-ld/ex/remote-notify"

  static func of(brokerURL: String) -> String { brokerURL + path }
}

extension NewCopy {
  /// Choice: whoever knows the id may notify, so it is one that nobody can guess.
  fileprivate init(_ copy: SubscriptionPlan.Copy, of subscription: SubscriptionNumber) {
    let id = "urn:ngsi-ld:Subscription:distsub:\(UUIDText())"
    self.init(
      id: id, subscription: subscription, registration: copy.registration.key, part: copy.part,
      source: copy.registration.registration.stored,
      wanted: copy.subscription.identified(as: id).stored)
  }
}

extension PlannedCopy {
  /// Whether it is where requests to `registration` go; else it has to move.
  fileprivate func isAt(_ registration: Registration) -> Bool {
    guard let old = Registration(keptIn: source) else { return false }
    return old.site == registration.site
  }
}

extension Registration {
  /// One that is kept with a copy; nil for what a newer broker wrote and this one does not know.
  init?(keptIn document: [UInt8]) {
    let registration = try? Registration(
      stored: JSONValue(storedDocument: document), createdAt: .earliest, modifiedAt: .earliest)
    guard let registration else { return nil }
    self = registration
  }
}

extension Subscription {
  /// A copy as it is kept; nil as for registrations.
  init?(keptIn document: [UInt8]) {
    let copy = try? Subscription(
      stored: JSONValue(storedDocument: document), createdAt: .earliest, modifiedAt: .earliest)
    guard let copy else { return nil }
    self = copy
  }
}
