package import EventLoop
package import HTTPClient
package import JSONLD
package import Log
import NGSILD
package import Postgres
package import Snapshots
package import Storage

/// What the broker of one loop does for Snapshots beside requests: executes their queries, notifies
/// of them, and removes what has expired.
///
/// Every process does all of it; the database decides who does which, and a dead one's work is
/// begun again by another.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class SnapshotService: @unchecked Sendable {
  let store: SnapshotStore
  private let execution: SnapshotExecution
  /// For long transactions; one connection that is opened when there is something to do.
  private let pool: Pool
  let limits: LifetimeLimits
  private let notifier: SnapshotNotifier
  private let loop: EventLoop
  private let log: Log
  /// Who asks Context Sources.
  weak var broker: Broker?
  private var isWorking = false
  private var isAskedAgain = false

  /// How long a request may still use what a Snapshot that was deleted had.
  private static let delayOfRemoval = Duration.seconds(60)

  /// - Parameters:
  ///   - readers: connections for what is found by key.
  ///   - pool: connections for what takes long.
  package init(
    queries: QueryStore, history: HistoryStore, contexts: ContextResolver, readers: Pool,
    pool: Pool, limits: LifetimeLimits, client: HTTPClient, on loop: EventLoop, log: Log
  ) {
    store = SnapshotStore(pool: readers)
    execution = SnapshotExecution(queries: queries, history: history, contexts: contexts, log: log)
    self.pool = pool
    self.limits = limits
    self.loop = loop
    self.log = log
    notifier = SnapshotNotifier(client: client, loop: loop, log: log)
  }

  func parser(_ context: Context) -> SnapshotParser {
    SnapshotParser(context: context, limits: limits)
  }

  // MARK: Work

  /// Does what there is to do, in the background.
  package func wake() {
    guard !isWorking else {
      isAskedAgain = true
      return
    }
    isWorking = true
    Task(executorPreference: loop) { [self] in
      repeat {
        isAskedAgain = false
        await work()
      } while isAskedAgain
      isWorking = false
    }
  }

  /// Removes what has expired, and executes what is to be executed.
  ///
  /// In this order, as executing may take as long as Context Sources do.
  ///
  /// - Parameter delay: for which data are left to what is under way.
  package func work(removingAfter delay: Duration = SnapshotService.delayOfRemoval) async {
    await attempt { () throws(PostgresError) in
      for row in try await store.expired(at: .now) { await expire(row) }
    }
    await attempt { () throws(PostgresError) in try await removeData(after: delay) }
    await attempt { () throws(PostgresError) in try await execute() }
  }

  /// What fails is left for the next time, and keeps nothing else from being done.
  private func attempt(_ work: () async throws(PostgresError) -> Void) async {
    do throws(PostgresError) {
      try await work()
    } catch {
      log.warning("work on snapshots failed", ["error": "\(error)"])
    }
  }

  private func execute() async throws(PostgresError) {
    guard let broker else { return }
    for row in try await store.preparing() {
      await attempt { () throws(PostgresError) in
        guard let preparation = try await execution.prepare(row, asking: broker) else { return }
        let outcome = try await pool.withConnection { connection throws(PostgresError) in
          try await execution.execute(row, preparation, on: connection)
        }
        if let outcome { notify(of: outcome, tenantName: row.tenantName) }
      }
    }
  }

  /// As `kontext tenant remove` removes what a tenant has.
  private func removeData(after delay: Duration) async throws(PostgresError) {
    let tenants = TenantStore(pool: pool)
    for data in try await store.leftData(for: delay) {
      do throws(NGSILDError) {
        try await tenants.removeContents(of: data) { _ in }
      } catch {
        log.warning("data of a snapshot not removed", ["reason": error.detail])
        return
      }
      try await tenants.remove(data)
    }
  }

  private func expire(_ row: StoredSnapshot) async {
    do throws(NGSILDError) {
      _ = try await delete(row)
    } catch {
      log.warning("snapshot not removed", ["snapshot": row.id, "reason": error.detail])
    }
  }

  // MARK: Ends

  /// Returns whether it was there.
  func delete(_ row: StoredSnapshot) async throws(NGSILDError) -> Bool {
    let snapshot = try Snapshot(row)
    guard try await store.delete(row) else { return false }
    notify(of: snapshot, tenantName: row.tenantName, isGone: true)
    return true
  }

  // MARK: Notifications

  func notify(of snapshot: Snapshot, tenantName: String, isGone: Bool = false) {
    notifier.notify(of: snapshot, tenantName: tenantName, isGone: isGone)
  }
}
