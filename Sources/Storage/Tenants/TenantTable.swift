import JSONLD
package import NGSILD
package import Postgres
import Synchronization

/// The number of a tenant: the first column of every key.
package typealias TenantNumber = Int32

/// A tenant's name as `NGSILD-Tenant` gives it; empty for the default tenant.
package struct TenantName: ExactText {
  package static let standard = TenantName(checked: "")

  package let text: String

  private init(checked text: String) { self.text = text }

  /// One that the database has.
  package init(stored text: String) { self.init(checked: text) }

  /// Choice: 1 to 255 bytes without control characters and spaces at the ends.
  ///
  /// - Throws: `badRequestData` for another text.
  package init(_ text: String) throws(NGSILDError) {
    guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
    else {
      throw .badRequestData(
        "The tenant '\(text)' is not valid; 1 to 255 bytes without control characters are expected")
    }
    self.text = text
  }
}

/// Tenants and their numbers, shared by all loops of a process.
///
/// What it knows is trusted for `trust` after it was last compared with the database, so that who
/// removes a tenant knows when the last broker has forgotten it.
package final class TenantTable: Sendable {
  private struct State {
    var numbers: [TenantName: TenantNumber] = [:]
    var confirmed: ContinuousClock.Instant
  }

  package static let trust = Duration.seconds(10)

  private let state: Mutex<State>
  private let trust: Duration

  package init(trust: Duration = TenantTable.trust) {
    self.trust = trust
    state = Mutex(State(confirmed: .now))
  }

  /// The number of an existing tenant; looked up where this process does not know it.
  ///
  /// - Throws: `nonexistentTenant`.
  package func number(
    of name: TenantName, in pool: Pool
  ) async throws(NGSILDError) -> TenantNumber {
    if let number = known(name) { return number }
    let rows = try await pool.rows(
      "SELECT id FROM tenant WHERE name = \(name.text) AND removed IS NULL")
    guard let row = rows.first else {
      throw NGSILDError(.nonexistentTenant, "The tenant '\(name.text)' does not exist")
    }
    return remember(name, TenantNumber(row[0].int))
  }

  /// The number of a tenant, which is created where it is new (5.5.10).
  package func create(
    _ name: TenantName, in pool: Pool
  ) async throws(NGSILDError) -> TenantNumber {
    if let number = known(name) { return number }
    _ = try await pool.rows(
      "INSERT INTO tenant (name) VALUES (\(name.text)) ON CONFLICT DO NOTHING")
    return try await number(of: name, in: pool)
  }

  /// Forgets tenants that were removed.
  package func refresh(from pool: Pool) async throws(PostgresError) {
    let now = ContinuousClock.now
    let rows = try await pool.query("SELECT id FROM tenant WHERE removed IS NOT NULL")
    let removed = Set(rows.map { TenantNumber($0[0].int) })
    state.withLock { state in
      // Of what was removed in a longer time, no row need be left.
      let isTrusted = now - state.confirmed < trust
      state.numbers = isTrusted ? state.numbers.filter { !removed.contains($0.value) } : [:]
      state.confirmed = now
    }
  }

  /// The default tenant is never removed.
  private func known(_ name: TenantName) -> TenantNumber? {
    state.withLock { state in
      guard name == .standard || .now - state.confirmed < trust else { return nil }
      return state.numbers[name]
    }
  }

  private func remember(_ name: TenantName, _ number: TenantNumber) -> TenantNumber {
    state.withLock { $0.numbers[name] = number }
    return number
  }
}
