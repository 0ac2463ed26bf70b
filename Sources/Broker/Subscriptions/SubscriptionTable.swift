package import JSONLD
package import Log
import NGSILD
package import Postgres
package import Storage
package import Subscriptions
import Synchronization

/// The subscriptions of all tenants, compiled and indexed, shared by all loops of a process.
///
/// It follows the database by versions: `refresh` reads what changed since the last one.
package final class SubscriptionTable: Sendable {
  fileprivate struct Entry {
    let tenant: TenantNumber
    let compiled: CompiledSubscription
    let distribution: SubscriptionDistribution
    /// The stored row, kept where its `@context` could not be had, so that it is tried again.
    let unresolved: StoredSubscription?
  }

  fileprivate struct State {
    var entries: [SubscriptionKey: Entry] = [:]
    var indexes: [TenantNumber: SubscriptionIndex] = [:]
    var toRegistrations: [TenantNumber: [SubscriptionKey: CompiledSubscription]] = [:]
    /// Those that hear of Context Sources.
    var distributed: [TenantNumber: Set<SubscriptionKey>] = [:]
    var version: SubscriptionVersion = 0
    var unresolved: Set<SubscriptionKey> = []
  }

  private let state = Mutex(State())
  private let log: Log

  package init(log: Log) { self.log = log }

  private static let rowsPerRead = 1000

  package var count: Int { state.withLock { $0.entries.count } }
  package var version: SubscriptionVersion { state.withLock { $0.version } }

  /// A subscription, also one that is paused or expired; nil if it is no more.
  package func subscription(_ key: SubscriptionKey) -> CompiledSubscription? {
    state.withLock { $0.entries[key]?.compiled }
  }

  /// Whether a tenant has any; without, a change need not be looked at.
  package func hasSubscriptions(in tenant: TenantNumber) -> Bool {
    state.withLock { $0.indexes[tenant]?.isEmpty == false }
  }

  /// Finds what may be due; the lock is held for the index alone.
  package func findCandidates(for matching: inout ChangeMatching, in tenant: TenantNumber) {
    guard let index = state.withLock({ $0.indexes[tenant] }) else { return }
    matching.findCandidates(in: index)
  }

  /// The subscriptions to registrations of a tenant, in the order of their keys.
  func toRegistrations(of tenant: TenantNumber) -> [CompiledSubscription] {
    (state.withLock { $0.toRegistrations[tenant] } ?? [:]).values.sorted { $0.key < $1.key }
  }

  /// Whether subscriptions of a tenant hear of Context Sources.
  func hasDistributed(in tenant: TenantNumber) -> Bool {
    state.withLock { $0.distributed[tenant]?.isEmpty == false }
  }

  /// Those of a tenant that hear of Context Sources, in the order of their keys.
  func distributed(of tenant: TenantNumber) -> [SubscriptionKey] {
    (state.withLock { $0.distributed[tenant] } ?? []).sorted()
  }

  /// A subscription that hears of Context Sources, and how; nil for any other.
  func distributed(
    _ key: SubscriptionKey
  ) -> (subscription: CompiledSubscription, distribution: SubscriptionDistribution)? {
    guard let entry = state.withLock({ $0.entries[key] }), entry.distribution.isWanted else {
      return nil
    }
    return (entry.compiled, entry.distribution)
  }

  // MARK: Following the database

  /// Reads changes until the table knows `version`, or, without one, all there are.
  package func refresh(
    to version: SubscriptionVersion? = nil, from store: SubscriptionStore,
    contexts: ContextResolver
  ) async throws(PostgresError) {
    var resolution = ContextResolution(contexts)
    while true {
      let known = self.version
      if let version, known >= version { return }
      let changes = try await store.changes(since: known, limit: Self.rowsPerRead)
      var entries: [Entry] = []
      for row in changes.subscriptions {
        if let entry = await compile(row, &resolution) { entries.append(entry) }
      }
      let isApplied = apply(entries, changes, since: known)
      if version == nil && isApplied && !changes.isPartial { return }
    }
  }

  /// Tries again to resolve the contexts that could not be had.
  ///
  /// - Parameter version: after which the subscriptions changed.
  package func resolveContexts(
    _ contexts: ContextResolver, since version: SubscriptionVersion = 0
  ) async {
    let rows = state.withLock { state in
      state.unresolved.compactMap { state.entries[$0]?.unresolved }.filter { $0.version > version }
    }
    var resolution = ContextResolution(contexts)
    for row in rows {
      guard let entry = await compile(row, &resolution), entry.unresolved == nil else { continue }
      state.withLock { state in
        guard state.entries[row.number]?.unresolved?.version == row.version else { return }
        state.put(entry)
      }
    }
  }

  /// Another one may have been faster: then these are not what comes next.
  private func apply(
    _ entries: [Entry], _ changes: SubscriptionChanges, since version: SubscriptionVersion
  ) -> Bool {
    state.withLock { state in
      guard state.version == version else { return false }
      for entry in entries { state.put(entry) }
      for key in changes.deleted { state.remove(key) }
      state.version = changes.version
      return true
    }
  }

  /// nil for what a newer broker stored and this one does not understand.
  private func compile(
    _ row: StoredSubscription, _ resolution: inout ContextResolution
  ) async -> Entry? {
    let context = await resolution.context(of: row, log)
    do throws(NGSILDError) {
      let subscription = try Subscription(row)
      return Entry(
        tenant: row.tenant,
        compiled: CompiledSubscription(
          subscription, key: row.number, tenantName: row.tenantName, context: context ?? .core,
          streamedUntil: row.streamedUntil),
        distribution: row.distribution, unresolved: context == nil ? row : nil)
    } catch {
      log.error(
        "subscription not understood",
        ["subscription": "\(row.number)", "reason": error.detail])
      return nil
    }
  }
}

extension SubscriptionTable.State {
  fileprivate mutating func put(_ entry: SubscriptionTable.Entry) {
    let key = entry.compiled.key
    remove(key)
    entries[key] = entry
    if entry.unresolved != nil { unresolved.insert(key) }
    if entry.compiled.subscription.subject == .registrations {
      toRegistrations[entry.tenant, default: [:]][key] = entry.compiled
    }
    if entry.distribution.isWanted { distributed[entry.tenant, default: []].insert(key) }
    // A paused one comes back by a change of its row, and expiry is asked for at each match.
    guard entry.compiled.subscription.isActive != false else { return }
    indexes[entry.tenant, default: SubscriptionIndex()].insert(entry.compiled)
  }

  fileprivate mutating func remove(_ key: SubscriptionKey) {
    unresolved.remove(key)
    guard let entry = entries.removeValue(forKey: key) else { return }
    indexes[entry.tenant]?.remove(entry.compiled)
    toRegistrations[entry.tenant]?[key] = nil
    distributed[entry.tenant]?.remove(key)
  }
}

extension Subscription {
  init(_ row: StoredSubscription) throws(NGSILDError) {
    try self.init(stored: row.document, createdAt: row.created, modifiedAt: row.modified)
    subject = row.subject
  }
}

/// Resolves the contexts of many subscriptions: one that cannot be had is tried once, and none is
/// after `timeMax`, so that dead hosts do not keep a broker from starting.
private struct ContextResolution {
  private let contexts: ContextResolver
  private let deadline = ContinuousClock.now + timeMax
  private var failed: Set<InlineContext> = []

  private static let timeMax = Duration.seconds(10)

  init(_ contexts: ContextResolver) { self.contexts = contexts }

  /// nil if it cannot be had now: names then go out expanded with the Core's context, which means
  /// the same.
  mutating func context(of row: StoredSubscription, _ log: Log) async -> Context? {
    guard let value = row.context else { return .core }
    guard !failed.contains(InlineContext(value)), .now < deadline else { return nil }
    do throws(JSONLDError) {
      return try await contexts.context(for: value, in: row.tenantName)
    } catch {
      log.warning(
        "context of subscription not available",
        ["subscription": "\(row.number)", "reason": "\(error)"])
      failed.insert(InlineContext(value))
      return nil
    }
  }
}
