import JSONLD
package import Postgres
import Synchronization

/// The Attributes that are indexed, shared by all loops of a process.
///
/// Writes and queries read the clock of the database and load this table where it is older.
package final class IndexedAttributeTable: Sendable {
  fileprivate struct State {
    var version: Int64 = 0
    var tenants: [TenantNumber: [IndexedAttribute]] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// What the database's clock said when the table was read.
  var version: Int64 { state.withLock { $0.version } }

  func attributes(of tenant: TenantNumber) -> [IndexedAttribute] {
    state.withLock { $0.tenants[tenant] ?? [] }
  }

  /// Makes sure that everything up to `version` is known.
  func load(upTo version: Int64, from pool: Pool) async throws(PostgresError) {
    if self.version < version { try await load(from: pool) }
  }

  package func load(from pool: Pool) async throws(PostgresError) {
    let rows = try await pool.query(Self.statement())
    var loaded = State(version: rows[0][0].int64)
    for row in rows {
      guard let number = row[2].present.map({ NameNumber($0.int) }) else { continue }
      let tenant = TenantNumber(row[1].int)
      loaded.add(
        IRI(row[4].string), isReady: row[5].bool,
        to: IndexedAttribute(IRI(row[3].string), number: number), of: tenant)
    }
    state.withLock { [loaded] state in
      // Another one may have read a later version meanwhile.
      if loaded.version > state.version { state = loaded }
    }
  }

  private static let statement = Statement(
    """
    SELECT clock.version, declared.tenant, declared.attribute, attribute.iri, type.iri,
      declared.is_ready
    FROM indexed_attribute_clock AS clock
    LEFT JOIN indexed_attribute AS declared ON true
    LEFT JOIN name AS attribute ON attribute.id = declared.attribute
    LEFT JOIN name AS type ON type.id = declared.type
    """)
}

extension IndexedAttributeTable.State {
  fileprivate mutating func add(
    _ type: IRI, isReady: Bool, to attribute: IndexedAttribute, of tenant: TenantNumber
  ) {
    var attributes = tenants[tenant] ?? []
    let known = attributes.firstIndex { $0.number == attribute.number }
    if known == nil { attributes.append(attribute) }
    attributes[known ?? attributes.count - 1].add(type, isReady: isReady)
    tenants[tenant] = attributes
  }
}
