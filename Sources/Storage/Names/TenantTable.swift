package import NGSILD
package import Postgres
import Synchronization

/// The number of a tenant: the first column of every key.
package typealias TenantNumber = Int32

/// A tenant's name as `NGSILD-Tenant` gives it; empty for the default tenant.
package struct TenantName: Hashable, Sendable {
  package static let standard = TenantName(checked: "")

  package let text: String

  private init(checked text: String) { self.text = text }

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
package final class TenantTable: Sendable {
  private let numbers = Mutex<[TenantName: TenantNumber]>([:])

  package init() {}

  /// The number of an existing tenant; looked up where this process does not know it.
  ///
  /// - Throws: `nonexistentTenant`.
  package func number(
    of name: TenantName, in pool: Pool
  ) async throws(NGSILDError) -> TenantNumber {
    if let number = numbers.withLock({ $0[name] }) { return number }
    let rows = try await pool.rows("SELECT id FROM tenant WHERE name = \(name.text)")
    guard let row = rows.first else {
      throw NGSILDError(.nonexistentTenant, "The tenant '\(name.text)' does not exist")
    }
    return remember(name, TenantNumber(row[0].int))
  }

  /// The number of a tenant, which is created where it is new (5.5.10).
  package func create(
    _ name: TenantName, in pool: Pool
  ) async throws(NGSILDError) -> TenantNumber {
    if let number = numbers.withLock({ $0[name] }) { return number }
    _ = try await pool.rows(
      "INSERT INTO tenant (name) VALUES (\(name.text)) ON CONFLICT DO NOTHING")
    return try await number(of: name, in: pool)
  }

  private func remember(_ name: TenantName, _ number: TenantNumber) -> TenantNumber {
    numbers.withLock { $0[name] = number }
    return number
  }
}
