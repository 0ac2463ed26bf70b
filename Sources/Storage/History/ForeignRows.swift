import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// The history at Context Sources as rows, which a statement reads as if they were in the tables.
struct ForeignRows: Sendable {
  struct EntityRow: Sendable {
    let key: Int64
    let id: String
    let typeset: TypesetNumber
    let created: DateTime
    let modified: DateTime
    let document: [UInt8]
  }

  let tenant: TenantNumber
  let names: NameTable
  let typesets: [TypesetTable.Typeset]
  let entities: [EntityRow]
  let instances: [InstanceRow]
  let instanceIDs: ForeignInstanceIDs
  /// Instances here that are older versions of those of sources.
  var hidden: [Int64] = []
  /// The places of instances that are older versions of those here.
  var dropped: Set<Int> = []
  let claims: [ClaimRow]
  let areSelected: Bool
  let end: DateTime?

  /// What nobody here may contribute to: Attributes, or none for Entities as a whole, of Entities
  /// that satisfy a condition on `e`.
  struct ClaimRow: Sendable {
    let condition: SQL
    let attributes: [NameNumber]
  }

  func holds(_ id: String) -> Bool { entities.contains { IRI($0.id) == IRI(id) } }

  func types(of typeset: TypesetNumber) -> [IRI]? {
    typesets.first { $0.number == typeset }?.types
  }

  func isForeign(key: SQL) -> SQL { "\(key) = ANY (\(entities.map(\.key)))" }

  // MARK: Statements

  /// A statement that reads the tables together with these rows.
  ///
  /// The names of the tables stand for both: names of a WITH clause come before those of tables. The
  /// statement may have a WITH clause of its own, of which there can be but one at a time; nothing
  /// outside changes the order of its rows.
  func beside(_ statement: SQL) -> SQL {
    """
    WITH foreign_instance AS MATERIALIZED (
      SELECT -new.place AS id, \(HistoryStore.columns) FROM \(HistoryStore.table(of: instances))
      WHERE new.place <> ALL (\(dropped.map { Int64($0 + 1) }.sorted()))
    ), attribute_instance AS NOT MATERIALIZED (
      SELECT i.id, \(HistoryStore.columns), i.value FROM attribute_instance AS i
      WHERE i.tenant = \(tenant) AND i.id <> ALL (\(hidden)) AND \(isOwn)
      UNION ALL
      SELECT id, \(HistoryStore.columns), NULL FROM foreign_instance
    ), entity AS NOT MATERIALIZED (
      SELECT tenant, key, id, typeset, past_typeset, created, modified, expires, document,
        had_scopes
      FROM entity AS e
      WHERE e.tenant = \(tenant) AND NOT \(isForeign(key: "e.key")) AND \(isOwnEntity)
      UNION ALL
      SELECT \(tenant)::int, key, id, typeset, NULL, created, modified, NULL, document, true
      FROM unnest(
        \(entities.map(\.key)), \(entities.map(\.id)), \(entities.map(\.typeset)),
        \(entities.map(\.created.timestamp)), \(entities.map(\.modified.timestamp)),
        \(entities.map(\.document))
      ) AS new (key, id, typeset, created, modified, document)
    )
    SELECT * FROM (\(statement)) AS answer
    """
  }

  /// Whether the instance `i` may count.
  var isOwn: SQL {
    let conditions = claims.map { claim -> SQL in
      let ofEntity: SQL = """
        EXISTS (
          SELECT FROM entity AS e
          WHERE e.tenant = \(tenant) AND e.key = i.entity AND \(claim.condition))
        """
      guard !claim.attributes.isEmpty else { return "NOT \(ofEntity)" }
      return "NOT (i.attribute = ANY (\(claim.attributes)) AND \(ofEntity))"
    }
    return conditions.isEmpty ? "true" : SQL.joined(conditions, by: " AND ")
  }

  private var isOwnEntity: SQL {
    let conditions = claims.filter(\.attributes.isEmpty).map { "NOT \($0.condition)" as SQL }
    return conditions.isEmpty ? "true" : SQL.joined(conditions, by: " AND ")
  }
}

extension QueryScope {
  /// A statement that reads what is held here, and beside it what Context Sources have answered.
  func reading(_ statement: SQL) -> SQL { foreign?.beside(statement) ?? statement }
}

/// What sources call their instances, by the numbers that these have in statements: -1, -2, ...
struct ForeignInstanceIDs: Sendable {
  private let uris: [String?]

  init(_ uris: [String?]) { self.uris = uris }

  subscript(_ number: Int64) -> InstanceID? {
    uris[Int(-number) - 1].map { InstanceID(foreign: $0, number) }
  }
}
