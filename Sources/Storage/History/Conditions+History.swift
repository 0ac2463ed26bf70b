import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

// Conditions on what an Entity was, whose row of `entity` is `e`.

extension Query {
  /// Each term has to hold for an instance in the window, not all for the same (5.7.4.4, S2).
  func sql(onHistoryIn window: HistoryWindow, in scope: QueryScope) -> SQL {
    switch self {
    case .and(let parts):
      "(" + SQL.joined(parts.map { $0.sql(onHistoryIn: window, in: scope) }, by: " AND ") + ")"
    case .or(let parts):
      "(" + SQL.joined(parts.map { $0.sql(onHistoryIn: window, in: scope) }, by: " OR ") + ")"
    case .term(let term): term.sql(onHistoryIn: window, in: scope)
    }
  }
}

extension Query.Term {
  fileprivate func sql(onHistoryIn window: HistoryWindow, in scope: QueryScope) -> SQL {
    guard case .value(let path) = path, !path.attributes.isEmpty else {
      return Query.term(self).sql(on: .asked, in: scope)
    }
    guard condition != .absent else {
      return "NOT \(path.sql(.exists, onHistoryIn: window, in: scope))"
    }
    return path.sql(condition, onHistoryIn: window, in: scope)
  }
}

extension ValuePath {
  fileprivate func sql(
    _ condition: Query.Condition, onHistoryIn window: HistoryWindow, in scope: QueryScope
  ) -> SQL {
    guard let attribute = scope.names.number(of: attributes[0]) else { return "false" }
    let predicate = InstancePredicate(self).text(condition)
    var jsonPath = "$ ? (\(predicate))"
    if attributes.count > 1 {
      let parts = Array(attributes.dropFirst())
      guard let steps = scope.steps(to: parts, where: predicate) else { return "false" }
      jsonPath = "$.s.\(steps)"
    }
    return """
      EXISTS (
        SELECT FROM attribute_instance AS i
        WHERE \(window.condition(entity: "e.key", attribute: "= \(attribute)"))
          AND NOT i.is_deletion AND \(value) @? \(JSONPath(jsonPath)))
      """
  }

  /// The instance in the form that filters look at; of plain numbers it is made up.
  private var value: SQL {
    guard member != nil else {
      return "coalesce(\(HistoryStore.comparable), jsonb_build_object('v', i.number))"
    }
    return """
      (coalesce(\(HistoryStore.comparable), jsonb_strip_nulls(jsonb_build_object(
        'v', i.number, 'u', i.document::jsonb -> 'unitCode', 'd', i.document::jsonb -> 'datasetId',
        'o', CASE WHEN i.is_observed THEN (extract(epoch FROM i.time) * 1000000)::bigint END)))
      || jsonb_build_object(
        'c', (extract(epoch FROM i.created) * 1000000)::bigint,
        'm', (extract(epoch FROM i.modified) * 1000000)::bigint))
      """
  }
}

extension GeoQuery {
  /// An instance in the window has to lie so; none never does (5.7.4.4, S3).
  func sql(onHistoryIn window: HistoryWindow, in scope: QueryScope) -> SQL {
    guard let attribute = scope.names.number(of: geoproperty) else { return "false" }
    let geo: SQL = "ST_GeomFromGeoJSON(\(HistoryStore.comparable) -> 'g')::geography"
    return """
      EXISTS (
        SELECT FROM attribute_instance AS i
        WHERE \(window.condition(entity: "e.key", attribute: "= \(attribute)"))
          AND i.kind = \(InstanceKind.geometry.rawValue) AND \(sql(of: geo)))
      """
  }
}

extension ScopeQuery {
  /// When the scopes of an Entity satisfied the query, as a multirange of time; null for never.
  ///
  /// Scopes are valid until others, or none, take their place (4.18).
  func validity(entity: SQL, in scope: QueryScope) -> SQL {
    """
    (SELECT range_agg(tstzrange(v.since, v.until))
    FROM (
      SELECT i.time AS since, lead(i.time) OVER (ORDER BY i.time, i.id) AS until,
        ARRAY(SELECT jsonb_array_elements_text(\(HistoryStore.comparable))) AS scopes
      FROM attribute_instance AS i
      WHERE i.tenant = \(scope.tenant) AND i.entity = \(entity)
        AND i.attribute = \(scope.names.scope)
    ) AS v
    WHERE \(sql))
    """
  }
}
