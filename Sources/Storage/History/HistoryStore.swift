package import JSON
package import JSONLD
package import NGSILD
package import NGSILDQuery
package import Postgres

/// The temporal evolution of one Entity, ordered by Attribute and time.
package struct EntityHistory: Sendable {
  package struct Instance: Sendable {
    package let attribute: IRI
    package let id: Int64
    /// The stored form of the instance.
    package let document: JSONValue
  }

  /// The Entity's stored form; of a deleted Entity, id and types.
  package let entity: JSONValue
  package let instances: [Instance]
}

/// The history in the database.
package final class HistoryStore {
  let names: NameTable
  let pool: Pool

  /// Instances that one answer holds at most.
  package static let instancesMax = 100_000

  package init(names: NameTable, pool: Pool) {
    self.names = names
    self.pool = pool
  }

  /// The history of one Entity; nil if it never existed.
  ///
  /// Instances of transient Attributes that have expired are no part of it (GS CIM 009, 4.22).
  package func history(
    of id: String, _ query: TemporalQuery, attributes: [IRI], at now: DateTime,
    tenant: TenantNumber
  ) async throws(PostgresError) -> EntityHistory? {
    let entities = try await pool.query(
      "SELECT key, document FROM entity WHERE tenant = \(tenant) AND id = \(id)")
    guard let row = entities.first else { return nil }
    try await names.find(names.unknown(among: attributes.map(\.text)), in: pool)
    let rows = try await pool.query(
      instances(of: row[0].int64, query, attributes, at: now, tenant: tenant))
    try await names.find(numbers: Set(rows.map { NameNumber($0[0].int) }), in: pool)
    return EntityHistory(
      entity: storedJSON(row[1].bytes),
      instances: rows.map { row in
        EntityHistory.Instance(
          attribute: IRI(names.name(of: NameNumber(row[0].int)) ?? ""), id: row[1].int64,
          document: storedJSON(row[2].bytes))
      })
  }

  func instances(
    of key: Int64, _ query: TemporalQuery, _ attributes: [IRI], at now: DateTime,
    tenant: TenantNumber
  ) -> SQL {
    let time = query.timeproperty.column
    var conditions: [SQL] = [
      "i.tenant = \(tenant)", "i.entity = \(key)",
      "(i.expires IS NULL OR i.expires > \(now.timestamp))",
    ]
    if !attributes.isEmpty {
      let numbers = attributes.compactMap { names.number(of: $0.text) }
      conditions.append("i.attribute = ANY (\(numbers))")
    }
    // Without an interval, instances that lack the time property belong to the answer too.
    let isRestricted = query.interval != nil || query.timeproperty == .deletedAt
    if isRestricted, let condition = query.timeproperty.condition { conditions.append(condition) }
    if let start = query.interval?.start { conditions.append("\(time) >= \(start.timestamp)") }
    if let end = query.interval?.end { conditions.append("\(time) < \(end.timestamp)") }
    let matching: SQL = SQL.joined(conditions, by: " AND ")
    guard let lastN = query.lastN else {
      return """
        SELECT i.attribute, i.id, i.document
        FROM attribute_instance AS i
        WHERE \(matching)
        ORDER BY i.attribute, \(time), i.id
        LIMIT \(Self.instancesMax + 1)
        """
    }
    return """
      SELECT last.attribute, last.id, last.document
      FROM (
        SELECT i.attribute, i.id, i.document, \(time) AS at,
          row_number() OVER (PARTITION BY i.attribute ORDER BY \(time) DESC, i.id DESC) AS place
        FROM attribute_instance AS i
        WHERE \(matching)
      ) AS last
      WHERE last.place <= \(lastN)
      ORDER BY last.attribute, last.at, last.id
      LIMIT \(Self.instancesMax + 1)
      """
  }
}

extension TemporalQuery.TimeProperty {
  fileprivate var column: SQL {
    switch self {
    case .observedAt: "i.time"
    case .createdAt: "i.created"
    case .modifiedAt, .deletedAt: "i.modified"
    }
  }

  /// Instances that have the property at all.
  fileprivate var condition: SQL? {
    switch self {
    case .observedAt: "i.is_observed"
    case .deletedAt: "i.is_deletion"
    case .createdAt, .modifiedAt: nil
    }
  }
}
