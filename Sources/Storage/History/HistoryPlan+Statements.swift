import NGSILD
import NGSILDQuery
import Postgres

extension HistoryPlan {
  /// The instances, one series after the other, each from the end at which reading begins.
  func instances(of entities: Entities, in scope: QueryScope) -> SQL {
    let direction: SQL = isBackward ? "DESC" : "ASC"
    return """
      WITH RECURSIVE \(series(of: entities, in: scope)),
      cap (instances) AS (
        SELECT greatest(1, least(
          \(limits.instancesPerAttribute)::bigint,
          \(limits.instances)::bigint / greatest(1, count(*))))
        FROM series
      )
      SELECT s.entity, s.attribute, found.id, found.at, found.document, found.created,
        found.modified, found.is_plain, cap.instances
      FROM series AS s CROSS JOIN cap CROSS JOIN LATERAL (
        \(firstInstances(direction))
      ) AS found
      ORDER BY s.entity, s.attribute, found.at \(direction), found.id \(direction)
      """
  }

  /// The instances of the series `s` at the end where reading begins.
  ///
  /// The last ones are looked for in the last month first, and before it only if there are too few:
  /// every month is a partition with an index of its own.
  private func firstInstances(_ direction: SQL) -> SQL {
    let limit: SQL = "LIMIT least(\(lastN ?? .max)::bigint, cap.instances + 1)"
    let read = { (more: SQL) -> SQL in
      """
      SELECT i.id, \(self.window.time) AS at, i.document, i.created, i.modified, \(Self.isPlain)
      FROM attribute_instance AS i
      WHERE \(self.condition)\(more)
      ORDER BY \(self.window.time) \(direction), i.id \(direction)
      \(limit)
      """
    }
    guard isBackward, let recent = window.lastMonth else { return read("") }
    return """
      (\(read(" AND i.time >= \(recent.timestamp)")))
      UNION ALL
      (\(read(" AND i.time < \(recent.timestamp)")))
      \(limit)
      """
  }

  /// The instance of each Entity's scopes that was valid when the window begins.
  func scopesAtStart(of entities: Entities) -> SQL? {
    guard scopes != nil, showsScopes, let start = window.interval?.start else { return nil }
    return """
      SELECT found.entity, i.attribute, i.id, i.time, i.document, i.created, i.modified, false
      FROM \(keys(of: entities)) CROSS JOIN LATERAL (
        SELECT i.attribute, i.id, i.time, i.document, i.created, i.modified
        FROM attribute_instance AS i
        WHERE i.tenant = \(scope.tenant) AND i.entity = found.entity
          AND i.attribute = \(scope.scopeName) AND i.time < \(start.timestamp)
        ORDER BY i.time DESC, i.id DESC LIMIT 1
      ) AS i
      """
  }

  /// Whether the instance `i` is a plain number, with its unit and time at most: of these alone the
  /// form that filters look at is left out.
  static let isPlain: SQL =
    """
    (i.kind = \(InstanceKind.number.rawValue) AND i.comparable IS NULL AND i.value IS NULL) AS is_plain
    """

  /// The condition on an instance `i` of the series `s`.
  var condition: SQL {
    let inWindow = window.condition(entity: "s.entity", attribute: "= s.attribute")
    guard scopes != nil else { return inWindow }
    let isValid: SQL = trustsSources ? "(s.valid @> i.time OR i.id < 0)" : "s.valid @> i.time"
    return "\(inWindow) AND \(isValid)"
  }

  /// The condition on the hourly figures `h` of the series `s`.
  var conditionOnHours: SQL {
    let inWindow = window.conditionOnHours(entity: "s.entity", attribute: "= s.attribute")
    return scopes == nil ? inWindow : "\(inWindow) AND s.valid @> h.hour"
  }

  /// The common table expression `series`, and those that it needs.
  ///
  /// Which Attributes an Entity has is found by leaps over the index, from one to the next.
  func series(of entities: Entities, in scope: QueryScope) -> SQL {
    let validity = scopes?.validity(entity: "found.entity", in: scope) ?? "NULL::tstzmultirange"
    let found: SQL = """
      found (entity, had_scopes, valid) AS MATERIALIZED (
        SELECT found.entity, found.had_scopes, \(validity) FROM \(keys(of: entities))
      )
      """
    switch attributes {
    case .only(let names):
      return """
        \(found), series (entity, valid, attribute) AS (
          SELECT found.entity, found.valid, name.attribute
          FROM found CROSS JOIN unnest(\(names)) AS name (attribute)
          WHERE found.had_scopes OR name.attribute <> \(self.scope.scopeName)
        )
        """
    case .except(let names):
      let leap = { (entity: SQL, after: SQL) -> SQL in
        let tables: [SQL] =
          self.countsHours ? ["attribute_instance", "attribute_hour"] : ["attribute_instance"]
        let next = tables.map { table -> SQL in
          """
          (SELECT i.attribute FROM \(table) AS i
          WHERE i.tenant = \(self.scope.tenant) AND i.entity = \(entity) AND i.attribute > \(after)
          ORDER BY i.attribute LIMIT 1)
          """
        }
        return "least(\(SQL.joined(next, by: ", ")))"
      }
      return """
        \(found), present (entity, valid, attribute) AS (
          SELECT found.entity, found.valid, \(leap("found.entity", "-1")) FROM found
          UNION ALL
          SELECT present.entity, present.valid, \(leap("present.entity", "present.attribute"))
          FROM present WHERE present.attribute IS NOT NULL
        ), series (entity, valid, attribute) AS (
          SELECT * FROM present WHERE attribute IS NOT NULL AND attribute <> ALL (\(names))
        )
        """
    }
  }

  /// A table `found` of the Entities' keys, and whether they ever had scopes.
  private func keys(of entities: Entities) -> SQL {
    let condition: SQL =
      switch entities {
      case .keys(let keys): "key = ANY (\(keys))"
      case .id(let id): "id = \(id)"
      }
    return """
      (
        SELECT key AS entity, had_scopes FROM entity
        WHERE tenant = \(scope.tenant) AND \(condition)
      ) AS found
      """
  }
}

// MARK: Entities

/// Which Entities have a history that a query selects.
struct HistoryFilter: Hashable {
  let condition: SQL
  let joins: SQL
  let order: SQL

  init(_ query: HistoryQuery, _ plan: HistoryPlan, in scope: QueryScope) {
    var conditions: [SQL] = ["e.tenant = \(scope.tenant)"]
    conditions.append(Self.selected(QueryPlan.arms(query.selectors, in: scope)))
    var ofAttributes: SQL?
    switch plan.attributes {
    case .only(let names):
      let names = names.filter { $0 != scope.names.scope }
      ofAttributes = query.part.attributes.names.isEmpty ? nil : "= ANY (\(names))"
    case .except(let names): ofAttributes = names.isEmpty ? nil : "<> ALL (\(names))"
    }
    var inWindow = plan.window.condition(entity: "e.key", attribute: ofAttributes)
    var joins: SQL = ""
    if let scopes = query.scopes {
      inWindow = "\(inWindow) AND scope.valid @> i.time"
      joins =
        " CROSS JOIN LATERAL (SELECT \(scopes.validity(entity: "e.key", in: scope)) AS valid "
        + "OFFSET 0) AS scope"
    }
    if let map = query.map {
      joins = """
        \(joins) JOIN entity_map_entry AS m
          ON m.tenant = e.tenant AND m.map = \(map) AND m.key = e.key
        """
    }
    self.joins = joins
    var exists: SQL = "EXISTS (SELECT FROM attribute_instance AS i WHERE \(inWindow))"
    if plan.countsHours {
      var ofHours = plan.window.conditionOnHours(entity: "e.key", attribute: ofAttributes)
      if query.scopes != nil { ofHours = "\(ofHours) AND scope.valid @> h.hour" }
      exists = "(\(exists) OR EXISTS (SELECT FROM attribute_hour AS h WHERE \(ofHours)))"
    }
    conditions.append(exists)
    var window = plan.window
    window.datasets = nil
    if let filter = query.query {
      conditions.append(filter.sql(onHistoryIn: window, in: scope))
    }
    if let geo = query.geo { conditions.append(geo.sql(onHistoryIn: window, in: scope)) }
    let selected = SQL.joined(conditions, by: " AND ")
    if let foreign = scope.foreign, foreign.areSelected {
      condition = "((\(selected)) OR \(foreign.isForeign(key: "e.key")))"
    } else {
      condition = selected
    }
    order =
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
