import NGSILD
import NGSILDQuery
import Postgres

/// Which Entities have a history that a query selects.
struct HistoryFilter: Hashable {
  let condition: SQL
  let joins: SQL
  let order: SQL

  init(_ query: HistoryQuery, _ plan: HistoryPlan, in scope: QueryScope) {
    var conditions: [SQL] = [
      "e.tenant = \(scope.tenant)", Self.selected(QueryPlan.arms(query.selectors, in: scope)),
      Self.hasHistory(query, plan, in: scope),
    ]
    var window = plan.window
    window.datasets = nil
    if let filter = query.query { conditions.append(filter.sql(onHistoryIn: window, in: scope)) }
    if let geo = query.geo { conditions.append(geo.sql(onHistoryIn: window, in: scope)) }
    let selected = SQL.joined(conditions, by: " AND ")
    if let foreign = scope.foreign, foreign.areSelected {
      condition = "((\(selected)) OR \(foreign.isForeign(key: "e.key")))"
    } else {
      condition = selected
    }
    joins = Self.joins(query, in: scope)
    order = Self.order(query)
  }

  /// Whether there is an instance in the window, or hourly figures where they count.
  private static func hasHistory(
    _ query: HistoryQuery, _ plan: HistoryPlan, in scope: QueryScope
  ) -> SQL {
    let attributes = attributes(query, plan, in: scope)
    var ofInstances = plan.window.condition(entity: "e.key", attribute: attributes)
    var ofHours = plan.window.conditionOnHours(entity: "e.key", attribute: attributes)
    if query.scopes != nil {
      ofInstances = "\(ofInstances) AND scope.valid @> i.time"
      ofHours = "\(ofHours) AND scope.valid @> h.hour"
    }
    let hasInstance: SQL = "EXISTS (SELECT FROM attribute_instance AS i WHERE \(ofInstances))"
    guard plan.countsHours else { return hasInstance }
    return "(\(hasInstance) OR EXISTS (SELECT FROM attribute_hour AS h WHERE \(ofHours)))"
  }

  /// Which Attributes count; nil for all.
  private static func attributes(
    _ query: HistoryQuery, _ plan: HistoryPlan, in scope: QueryScope
  ) -> SQL? {
    switch plan.attributes {
    case .only(let names):
      let names = names.filter { $0 != scope.names.scope }
      return query.part.attributes.names.isEmpty ? nil : "= ANY (\(names))"
    case .except(let names): return names.isEmpty ? nil : "<> ALL (\(names))"
    }
  }

  private static func joins(_ query: HistoryQuery, in scope: QueryScope) -> SQL {
    var joins: SQL = ""
    if let scopes = query.scopes {
      joins =
        " CROSS JOIN LATERAL (SELECT \(scopes.validity(entity: "e.key", in: scope)) AS valid "
        + "OFFSET 0) AS scope"
    }
    guard let map = query.map else { return joins }
    return """
      \(joins) JOIN entity_map_entry AS m
        ON m.tenant = e.tenant AND m.map = \(map) AND m.key = e.key
      """
  }

  private static func order(_ query: HistoryQuery) -> SQL {
    switch query.order {
    case _ where query.map != nil: "m.position"
    case .creation: "e.key"
    case .ascendingID: "e.id COLLATE \"C\""
    case .descendingID: "e.id COLLATE \"C\" DESC"
    case .given(let ids): "array_position(\(ids), e.id)"
    }
  }

  func page(limit: Int, offset: Int) -> SQL {
    """
    SELECT \(entityColumns)
    FROM entity AS e\(joins) WHERE \(condition)
    ORDER BY \(order) LIMIT \(limit) OFFSET \(offset)
    """
  }

  /// The first keys after `last`, in their order.
  func keys(after last: Int64, limit: Int) -> SQL {
    """
    SELECT e.key FROM entity AS e\(joins) WHERE \(condition) AND e.key > \(last)
    ORDER BY e.key LIMIT \(limit)
    """
  }

  var count: SQL { "SELECT count(*) FROM entity AS e\(joins) WHERE \(condition)" }

  /// By the types that they have, or had.
  static func selected(_ arms: [QueryPlan.Arm]) -> SQL {
    let parts: [SQL] = arms.map { arm in
      let ofTypes: SQL = """
        (e.past_typeset IS NULL AND e.typeset = ANY (\(arm.typesets))
          OR e.past_typeset = ANY (\(arm.typesets)))
        """
      return arm.condition.map { "(\(ofTypes) AND \($0))" } ?? ofTypes
    }
    return parts.isEmpty ? "false" : "(\(SQL.joined(parts, by: " OR ")))"
  }
}

/// What is read of an Entity, whose row of `entity` is `e`, beside its history.
let entityColumns: SQL =
  "e.key, e.document, coalesce(e.past_typeset, e.typeset), e.typeset IS NULL, e.modified"
