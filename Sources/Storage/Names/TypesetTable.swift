package import JSONLD
package import Postgres
import Synchronization

/// The number of a combination of Entity types.
package typealias TypesetNumber = Int32

/// The combinations of Entity types that a tenant has had, shared by all loops of a process.
///
/// A type selection is evaluated over these few; Entities are then found by their typeset.
package final class TypesetTable: Sendable {
  package struct Typeset: Sendable {
    package let number: TypesetNumber
    package let types: [IRI]
  }

  private struct Tenant {
    var numbers: [[NameNumber]: TypesetNumber] = [:]
    var typesets: [Typeset] = []
    /// How many there are; more in the database say that this copy is old.
    ///
    /// Not the greatest number: a smaller one may be committed later.
    var version: Int { typesets.count }
  }

  private let names: NameTable
  private let tenants = Mutex<[TenantNumber: Tenant]>([:])

  package init(names: NameTable) { self.names = names }

  /// The typeset of these types, if this process has met it.
  package func number(
    of types: [NameNumber], tenant: TenantNumber
  ) -> TypesetNumber? {
    tenants.withLock { $0[tenant]?.numbers[types] }
  }

  package func typesets(of tenant: TenantNumber) -> [Typeset] {
    tenants.withLock { $0[tenant]?.typesets ?? [] }
  }

  package func version(of tenant: TenantNumber) -> Int {
    tenants.withLock { $0[tenant]?.version ?? 0 }
  }

  /// Gives a combination its number.
  package func create(
    _ types: [NameNumber], tenant: TenantNumber, in pool: Pool
  ) async throws(PostgresError) {
    _ = try await pool.query(
      """
      INSERT INTO typeset (tenant, types) VALUES (\(tenant), \(types))
      ON CONFLICT (tenant, types) DO NOTHING
      """)
    try await load(tenant, from: pool)
  }

  /// Reads the tenant's combinations anew.
  package func load(_ tenant: TenantNumber, from pool: Pool) async throws(PostgresError) {
    let rows = try await pool.query(
      "SELECT id, types FROM typeset WHERE tenant = \(tenant) ORDER BY id")
    let numbers = rows.map { row in row[1].elements.map { NameNumber($0.int) } }
    try await names.find(numbers: Set(numbers.joined()), in: pool)
    var table = Tenant()
    for (row, types) in zip(rows, numbers) {
      let number = TypesetNumber(row[0].int)
      table.numbers[types] = number
      table.typesets.append(
        Typeset(number: number, types: types.map { IRI(names.name(of: $0) ?? "") }))
    }
    let loaded = table
    tenants.withLock { tenants in
      if loaded.version >= tenants[tenant]?.version ?? 0 { tenants[tenant] = loaded }
    }
  }
}
