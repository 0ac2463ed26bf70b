import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// What an ordering adds to a statement.
struct OrderingSQL: Hashable {
  /// Joined to the rows of each Entity: the values that are compared.
  private(set) var joins: [SQL] = []
  /// Expressions with their directions, most significant first.
  private(set) var keys: [SQL] = []
  /// Whether the keys refer to the Entity's row of `entity`.
  private(set) var usesEntity = false
  /// Whether they refer to its row of `entity_value`.
  private(set) var usesValues = false

  init(_ ordering: Ordering, in scope: QueryScope) {
    let collation = ordering.collation?.databaseName ?? "C"
    for term in ordering.terms {
      if term.direction.isByDistance, let reference = ordering.reference {
        add(distanceFrom: reference, of: term, in: scope)
      }
      add(term, collation, in: scope)
    }
  }

  private mutating func add(_ term: Ordering.Term, _ collation: String, in scope: QueryScope) {
    let direction: SQL = term.direction == .descending ? "DESC NULLS LAST" : "ASC NULLS LAST"
    guard let member = term.path.member, term.path.attributes.isEmpty else {
      usesValues = true
      addKeys(of: term.path.value(in: scope), direction, collation)
      return
    }
    usesEntity = true
    switch member {
    case .id: keys.append("e.id COLLATE \(identifier: collation) \(direction)")
    case .createdAt: keys.append("e.created \(direction)")
    case .modifiedAt: keys.append("e.modified \(direction)")
    case .expiresAt: keys.append("e.expires \(direction)")
    default: addKeys(of: "SELECT e.document::jsonb -> \(member.rawValue)", direction, collation)
    }
  }

  /// Values are told apart by type, then by number or text; those of arrays one by one.
  ///
  /// What is missing comes last in both directions.
  private mutating func addKeys(of value: SQL, _ direction: SQL, _ collation: String) {
    let name: SQL = "\(identifier: "o\(joins.count)")"
    joins.append("LEFT JOIN LATERAL (\(value)) AS \(name) (value) ON true")
    keys += [
      "greatest(ordering_type(\(name).value), 8)",
      "ordering_type(\(name).value) \(direction)",
      "ordering_number(\(name).value) \(direction)",
      "ordering_text(\(name).value) COLLATE \(identifier: collation) \(direction)",
      """
      CASE WHEN ordering_type(\(name).value) = 4
        THEN ordering_elements(\(name).value) END \(direction)
      """,
    ]
  }

  /// Metres on a sphere; only the geometries of Attributes have a distance (4.23).
  private mutating func add(
    distanceFrom reference: Geometry, of term: Ordering.Term, in scope: QueryScope
  ) {
    guard term.path.isOfAttribute,
      let attribute = scope.names.number(of: term.path.attributes[0])
    else { return }
    usesValues = true
    let name: SQL = "\(identifier: "o\(joins.count)")"
    joins.append(
      """
      LEFT JOIN LATERAL (
        SELECT ST_Distance(g.geo, \(reference.geography), false)
        FROM entity_geo AS g LEFT JOIN name AS n ON n.id = g.dataset
        WHERE g.tenant = \(scope.tenant) AND g.key = v.key AND g.attribute = \(attribute)
        ORDER BY n.iri COLLATE "C" NULLS FIRST LIMIT 1
      ) AS \(name) (distance) ON true
      """)
    let direction: SQL = term.direction == .nearestFirst ? "ASC" : "DESC"
    keys.append("\(name).distance \(direction) NULLS LAST")
  }
}

extension ValuePath {
  fileprivate var isOfAttribute: Bool {
    attributes.count == 1 && member == nil && valueMembers.isEmpty
  }

  /// Selects one value as `jsonb`, or nothing.
  ///
  /// Of several instances the default one stands for the Attribute, or else the first by datasetId.
  fileprivate func value(in scope: QueryScope) -> SQL {
    var parent: SQL = "v.attributes"
    var isSubAttribute = false
    for attribute in attributes.dropLast() {
      parent = "(\(instance("i", of: attribute, isSubAttribute, in: parent, scope)))"
      isSubAttribute = true
    }
    let last = attributes[attributes.count - 1]
    return instance(valueOfInstance, of: last, isSubAttribute, in: parent, scope)
  }

  private func instance(
    _ result: SQL, of attribute: IRI, _ isSubAttribute: Bool, in parent: SQL, _ scope: QueryScope
  ) -> SQL {
    guard let steps = scope.steps(to: [attribute]) else { return "SELECT NULL::jsonb" }
    let path = isSubAttribute ? "$.s.\(steps)" : "$.\(steps)"
    return """
      SELECT \(result) FROM jsonb_path_query(\(parent), \(JSONPath(path))) AS i
      ORDER BY i ->> 'd' COLLATE "C" NULLS FIRST LIMIT 1
      """
  }

  /// What the path leads to within the instance `i`; `EntityValues` has the keys.
  private var valueOfInstance: SQL {
    if let member {
      return InstancePredicate.key(of: member).map { "i -> \($0)" } ?? "NULL::jsonb"
    }
    guard let last = valueMembers.last else {
      // A geometry has no order, but is a value.
      return """
        coalesce(i -> 'v', i -> 'r', i -> 'w', i -> 'j', i -> 'l',
          CASE WHEN i ? 'g' THEN '{}'::jsonb END)
        """
    }
    let path = InstancePredicate.path(valueMembers)
    let language = valueMembers == ["*"] ? "$.l.*" : "$.l.\(InstancePredicate.path([last]))"
    let isLanguage = valueMembers.count == 1
    return """
      coalesce(
        jsonb_path_query_first(i, \(JSONPath("$.v.\(path)"))),
        jsonb_path_query_first(i, \(JSONPath("$.j.\(path)"))),
        jsonb_path_query_first(i, \(JSONPath(isLanguage ? language : "$.l.\(path)"))))
      """
  }
}
