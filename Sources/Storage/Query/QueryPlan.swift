import NGSILD
import NGSILDQuery
import Postgres

/// What one query reads: a table, a condition on each of its rows, and the ranges of typesets.
///
/// A plan that can match nothing (a type or name that was never stored) has no typesets.
struct QueryPlan {
  /// Where rows come from: `entity` alone where nothing but id and type is asked for.
  private enum Source {
    case entity
    case values
    /// Both, where values and the id or the Entity's own timestamps are asked for.
    case joined
  }

  private let tenant: TenantNumber
  private let typesets: [TypesetNumber]
  private let source: Source
  private let condition: SQL
  /// Whether it reads a range of an index, so that one plan is right for all values.
  let isPlannedOnce: Bool

  /// Typesets up to which each gets an arm of its own with the limit inside.
  private static let armsMax = 16

  init(
    _ query: EntityQuery, at now: DateTime, tenant: TenantNumber, typesets: [TypesetNumber],
    names: NameTable
  ) {
    self.tenant = tenant
    self.typesets = typesets
    var ofEntity: [SQL] = []
    var ofValues: [SQL] = []
    let ids = query.selector.ids.map(\.text)
    if !ids.isEmpty { ofEntity.append("e.id = ANY (\(ids))") }
    if let pattern = query.selector.idPattern { ofEntity.append("e.id ~ \(pattern.text)") }
    if !query.attributes.isEmpty {
      let numbers = query.attributes.compactMap { names.number(of: $0.text) }
      let exist = query.attributes.map { Query.term(.init(.value(ValuePath([$0])), .exists)) }
      ofValues.append("v.attrs && \(numbers)")
      // Also of those that have not expired.
      ofValues.append(Query.any(exist).sql(names: names, at: now))
    }
    if let scopes = query.scopes { ofValues.append(scopes.sql) }
    if let filter = query.query {
      let usesEntity = filter.terms.contains { $0.path.isOfEntity }
      if usesEntity {
        ofEntity.append(filter.sql(names: names, at: now))
      } else {
        ofValues.append(filter.sql(names: names, at: now))
      }
      if usesEntity { ofValues.append("true") }
    }
    switch (ofEntity.isEmpty, ofValues.isEmpty) {
    case (_, true): source = .entity
    case (true, false): source = .values
    case (false, false): source = .joined
    }
    let table: SQL = source == .values ? "v" : "e"
    var conditions = ofEntity + ofValues
    if let geo = query.geo {
      conditions.append(geo.sql(tenant: tenant, names: names, keyIn: table))
    }
    conditions.append("(\(table).expires IS NULL OR \(table).expires > \(now.timestamp))")
    condition = SQL.joined(conditions, by: " AND ")
    isPlannedOnce = conditions.count == 1 && typesets.count == 1
  }

  // MARK: Statements

  /// The documents of one page, in the order of the Entities' keys.
  func page(limit: Int, offset: Int) -> SQL {
    if source == .values {
      return """
        SELECT e.document
        FROM (\(rows("v.key", limit: limit, offset: offset))) AS page
        JOIN entity AS e ON e.tenant = \(tenant) AND e.key = page.key
        ORDER BY page.key
        """
    }
    return
      "SELECT document FROM (\(rows("e.key, e.document", limit: limit, offset: offset))) AS page"
  }

  var count: SQL {
    "SELECT count(*) FROM \(from) WHERE \(alias).tenant = \(tenant) AND \(ofTypesets) AND \(condition)"
  }

  /// Keys and ids of the first Entities with keys in `range`, in the order of their keys.
  func references(in range: KeyRange, limit: Int) -> SQL {
    """
    SELECT e.key, e.id
    FROM (
      SELECT \(alias).key
      FROM \(from)
      WHERE \(alias).tenant = \(tenant) AND \(ofTypesets) AND \(condition)
        AND \(alias).key > \(range.after) AND \(alias).key <= \(range.last)
      ORDER BY \(alias).key LIMIT \(limit)
    ) AS found
    JOIN entity AS e ON e.tenant = \(tenant) AND e.key = found.key
    ORDER BY e.key
    """
  }

  /// One arm per typeset: the limit inside each turns a sort of all into a merge of ranges.
  private func rows(_ columns: SQL, limit: Int, offset: Int) -> SQL {
    guard typesets.count > 1, typesets.count <= Self.armsMax else {
      return """
        SELECT \(columns)
        FROM \(from)
        WHERE \(alias).tenant = \(tenant) AND \(ofTypesets) AND \(condition)
        ORDER BY \(alias).key LIMIT \(limit) OFFSET \(offset)
        """
    }
    let arms: [SQL] = typesets.map { typeset in
      """
      (SELECT \(columns)
      FROM \(from)
      WHERE \(alias).tenant = \(tenant) AND \(alias).typeset = \(typeset) AND \(condition)
      ORDER BY \(alias).key LIMIT \(limit + offset))
      """
    }
    return """
      SELECT * FROM (\(SQL.joined(arms, by: " UNION ALL "))) AS arms
      ORDER BY key LIMIT \(limit) OFFSET \(offset)
      """
  }

  private var ofTypesets: SQL {
    switch typesets.count {
    case 0: "false"
    case 1: "\(alias).typeset = \(typesets[0])"
    default: "\(alias).typeset = ANY (\(typesets))"
    }
  }

  private var alias: SQL { source == .values ? "v" : "e" }

  private var from: SQL {
    switch source {
    case .entity: "entity AS e"
    case .values: "entity_value AS v"
    case .joined: "entity_value AS v JOIN entity AS e USING (tenant, key)"
    }
  }
}

extension Query.Path {
  /// Whether it names a member of the Entity itself, such as `modifiedAt`.
  var isOfEntity: Bool {
    if case .value(let path) = self { path.attributes.isEmpty } else { false }
  }
}

extension ScopeQuery {
  /// A condition on `v.scopes`, whose entries have their first slash.
  var sql: SQL {
    let parts: [SQL] = alternatives.map { terms in
      "(" + SQL.joined(terms.map(\.sql), by: " AND ") + ")"
    }
    return "(" + SQL.joined(parts, by: " OR ") + ")"
  }
}

extension ScopeQuery.Term {
  fileprivate var sql: SQL {
    if levels.isEmpty { return "cardinality(v.scopes) > 0" }
    let isExact = !includesDescendants && !levels.contains(.any)
    if isExact { return "v.scopes @> \([description])" }
    // Level names are letters, digits and `_`, so none is special in a pattern.
    let path = levels.map { level in
      switch level {
      case .name(let name): "/\(name)"
      case .any: "/[^/]+"
      }
    }
    let pattern = "^" + path.joined() + (includesDescendants ? "(/.*)?$" : "$")
    return "EXISTS (SELECT FROM unnest(v.scopes) AS s (scope) WHERE s.scope ~ \(pattern))"
  }
}

extension GeoQuery {
  /// A condition on the geometries of the Entity whose key is `table.key`.
  fileprivate func sql(tenant: TenantNumber, names: NameTable, keyIn table: SQL) -> SQL {
    guard let attribute = names.number(of: geoproperty.text) else { return "false" }
    return """
      \(table).key IN (
        SELECT g.key FROM entity_geo AS g
        WHERE g.tenant = \(tenant) AND g.attribute = \(attribute) AND \(relationSQL))
      """
  }

  /// Distances are geodesic; the other relations are those of simple features on the plane (4.10).
  ///
  /// A reference that crosses itself is made valid first: clients send such polygons.
  private var relationSQL: SQL {
    let reference: SQL = "ST_MakeValid(ST_GeomFromGeoJSON(\(geometry.text)))"
    let target: SQL = "ST_MakeValid(g.geo::geometry)"
    return switch relation {
    case .near(let near):
      switch near.bound {
      case .within:
        "ST_DWithin(g.geo, ST_GeomFromGeoJSON(\(geometry.text))::geography, \(near.distance))"
      case .beyond:
        "NOT ST_DWithin(g.geo, ST_GeomFromGeoJSON(\(geometry.text))::geography, \(near.distance))"
      }
    case .within: "ST_Within(\(target), \(reference))"
    case .contains: "ST_Contains(\(target), \(reference))"
    case .intersects: "ST_Intersects(\(target), \(reference))"
    case .equals: "ST_Equals(\(target), \(reference))"
    case .disjoint: "ST_Disjoint(\(target), \(reference))"
    case .overlaps: "ST_Overlaps(\(target), \(reference))"
    }
  }
}
