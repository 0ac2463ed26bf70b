package import Log
package import NGSILD
package import Postgres
package import Registrations
package import Storage
import Synchronization

/// The registrations of all tenants, compiled and indexed, shared by all loops of a process.
///
/// It follows the database by versions: `refresh` reads what changed since the last one. It also
/// counts requests to the sources, until that is written.
package final class RegistrationTable: Sendable {
  fileprivate struct State {
    var tenants: [RegistrationNumber: TenantNumber] = [:]
    var indexes: [TenantNumber: RegistrationIndex] = [:]
    var version: RegistrationVersion = 0
    /// What the database does not know yet.
    var counts: [RegistrationNumber: RequestCounts] = [:]
  }

  private let state = Mutex(State())
  private let log: Log

  package init(log: Log) { self.log = log }

  private static let rowsPerRead = 1000

  package var version: RegistrationVersion { state.withLock { $0.version } }

  /// The registrations of a tenant, also those that have expired.
  package func index(of tenant: TenantNumber) -> RegistrationIndex {
    state.withLock { $0.indexes[tenant] } ?? RegistrationIndex()
  }

  // MARK: Following the database

  /// Reads changes until the table knows `version`, or, without one, all there are.
  package func refresh(
    to version: RegistrationVersion? = nil, from pool: Pool
  ) async throws(PostgresError) {
    try await refresh(to: version) { statements throws(PostgresError) in
      try await pool.flight(statements)
    }
  }

  /// Reads all changes that a transaction sees which has made none itself.
  package func refresh(on connection: Connection) async throws(PostgresError) {
    try await refresh(to: nil) { statements throws(PostgresError) in
      try await connection.flight(statements)
    }
  }

  private func refresh(
    to version: RegistrationVersion?, _ run: ([SQL]) async throws(PostgresError) -> [Rows]
  ) async throws(PostgresError) {
    while true {
      let known = self.version
      if let version, known >= version { return }
      let answers = try await run(
        RegistrationStore.changes(since: known, limit: Self.rowsPerRead))
      let changes = RegistrationStore.changes(answers, limit: Self.rowsPerRead)
      let isApplied = apply(changes, since: known)
      if version == nil && isApplied && !changes.isPartial { return }
    }
  }

  /// Another one may have been faster: then these are not what comes next.
  private func apply(_ changes: RegistrationChanges, since version: RegistrationVersion) -> Bool {
    let compiled = changes.registrations.compactMap { row in
      compile(row).map { (tenant: row.tenant, registration: $0) }
    }
    return state.withLock { state in
      guard state.version == version else { return false }
      for (tenant, registration) in compiled {
        state.tenants[registration.key] = tenant
        state.indexes[tenant, default: RegistrationIndex()].insert(registration)
      }
      for number in changes.deleted {
        guard let tenant = state.tenants.removeValue(forKey: number) else { continue }
        state.indexes[tenant]?.remove(number)
      }
      state.version = changes.version
      return true
    }
  }

  /// nil for what a newer broker stored and this one does not understand.
  func compile(_ row: StoredRegistration) -> CompiledRegistration? {
    do throws(NGSILDError) {
      return CompiledRegistration(try Registration(row), key: row.number)
    } catch {
      log.error(
        "registration not understood",
        ["registration": "\(row.number)", "reason": error.detail])
      return nil
    }
  }

  // MARK: Counting

  /// Counts one request to a source; callable from any loop.
  package func note(_ registration: CompiledRegistration, succeeded: Bool, at now: DateTime) {
    state.withLock { state in
      guard let tenant = state.tenants[registration.key] else { return }
      var counts = RequestCounts(tenant: tenant)
      counts.sent = 1
      if succeeded {
        counts.lastSuccess = now
      } else {
        counts.failed = 1
        counts.lastFailure = now
      }
      state.add(counts, to: registration.key)
    }
  }

  /// Writes what was counted, so that who reads the database afterwards reads all of it.
  package func writeCounts(to pool: Pool) async throws(PostgresError) {
    let counts = state.withLock { state in
      defer { state.counts = [:] }
      return state.counts
    }
    guard !counts.isEmpty else { return }
    do throws(PostgresError) {
      try await RegistrationStore.count(counts, in: pool)
    } catch {
      state.withLock { state in
        for (number, counts) in counts { state.add(counts, to: number) }
      }
      throw error
    }
  }
}

extension RegistrationTable.State {
  fileprivate mutating func add(_ added: RequestCounts, to number: RegistrationNumber) {
    counts[number, default: RequestCounts(tenant: added.tenant)].add(added)
  }
}

extension Registration {
  init(_ row: StoredRegistration) throws(NGSILDError) {
    try self.init(stored: row.document, createdAt: row.created, modifiedAt: row.modified)
  }
}
