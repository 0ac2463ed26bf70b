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
    (i.kind = \(InstanceKind.number.rawValue) AND i.comparable IS NULL AND i.value IS NULL)
      AS is_plain
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
      return """
        \(found), present (entity, valid, attribute) AS (
          SELECT found.entity, found.valid, \(nextAttribute(of: "found.entity", after: "-1"))
          FROM found
          UNION ALL
          SELECT present.entity, present.valid,
            \(nextAttribute(of: "present.entity", after: "present.attribute"))
          FROM present WHERE present.attribute IS NOT NULL
        ), series (entity, valid, attribute) AS (
          SELECT * FROM present WHERE attribute IS NOT NULL AND attribute <> ALL (\(names))
        )
        """
    }
  }

  /// The number of the next Attribute that has a history; NULL after the last one.
  private func nextAttribute(of entity: SQL, after number: SQL) -> SQL {
    let tables: [SQL] =
      countsHours ? ["attribute_instance", "attribute_hour"] : ["attribute_instance"]
    let next = tables.map { table -> SQL in
      """
      (SELECT i.attribute FROM \(table) AS i
      WHERE i.tenant = \(scope.tenant) AND i.entity = \(entity) AND i.attribute > \(number)
      ORDER BY i.attribute LIMIT 1)
      """
    }
    return "least(\(SQL.joined(next, by: ", ")))"
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
