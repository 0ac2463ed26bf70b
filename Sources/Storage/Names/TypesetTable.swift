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

    mutating func add(_ typeset: Typeset, _ types: [NameNumber]) {
      guard numbers.updateValue(typeset.number, forKey: types) == nil else { return }
      let place = typesets.firstIndex { $0.number > typeset.number } ?? typesets.endIndex
      typesets.insert(typeset, at: place)
    }
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

  /// The types of a typeset, if this process has met it.
  package func types(of number: TypesetNumber, tenant: TenantNumber) -> [IRI]? {
    tenants.withLock { $0[tenant]?.typesets.first { $0.number == number }?.types }
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
    let loaded = zip(rows, numbers).map { row, types in
      (
        types: types,
        typeset: Typeset(
          number: TypesetNumber(row[0].int), types: types.map { IRI(names.name(of: $0) ?? "") })
      )
    }
    tenants.withLock { tenants in
      // Added, not replaced: of two copies that were read at the same time, each may lack a typeset
      // that the other has, and whose creator relies on finding it.
      for (types, typeset) in loaded { tenants[tenant, default: Tenant()].add(typeset, types) }
    }
  }
}
