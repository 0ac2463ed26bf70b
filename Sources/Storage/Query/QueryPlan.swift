import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// What one query reads: tables, conditions on each of their rows, the order and the ranges of
/// typesets.
///
/// A plan that can match nothing (a type or name that was never stored) has no arms.
struct QueryPlan: Hashable {
  /// Where rows come from: `entity` alone where nothing but id and type is asked for.
  enum Source: Hashable {
    case entity
    case values
    /// Both, where values and the id or the Entity's own members are asked for.
    case joined
    /// `attribute_index` alone, where one condition is all that is asked for.
    case index(IndexedCondition)
  }

  /// The Entities of some typesets, of which `condition` selects; nil selects all.
  struct Arm: Hashable {
    var typesets: [TypesetNumber]
    let condition: SQL?
  }

  let tenant: TenantNumber
  let arms: [Arm]
  let source: Source
  /// What all Entities have to satisfy.
  let condition: SQL
  let ordering: OrderingSQL?
  /// Only Entities of this map are looked at, in its order.
  let map: EntityMapNumber?
  /// Whether nothing is asked of a row but that it has not expired.
  private let isBare: Bool
  /// Whether each row of `values` says for itself whether it fits, at a bounded price.
  let isByRow: Bool

  init(_ query: EntityQuery, in scope: QueryScope) {
    tenant = scope.tenant
    map = query.map
    ordering = map == nil ? query.ordering.map { OrderingSQL($0, in: scope) } : nil
    arms = Self.arms(query.selectors, in: scope)
    let typesets = arms.flatMap(\.typesets)
    let filter = QueryFilter(query, of: typesets, in: scope)
    if let only = filter.indexed.first, filter.indexed.count == 1, filter.conditions.isEmpty,
      ordering == nil, query.geo == nil, map == nil, arms.allSatisfy({ $0.condition == nil })
    {
      source = .index(only)
      condition = only.sql
      isBare = false
      isByRow = false
      return
    }
    let usesEntity =
      filter.usesEntity || ordering?.usesEntity == true || arms.contains { $0.condition != nil }
    let usesValues = filter.usesValues || ordering?.usesValues == true
    source =
      switch (usesEntity, usesValues) {
      case (_, false): .entity
      case (false, true): .values
      case (true, true): .joined
      }
    let table: SQL = source == .values ? "v" : "e"
    var conditions = filter.conditions
    conditions += filter.indexed.map { $0.sql(keyIn: table, of: typesets) }
    if let geo = query.geo { conditions.append(geo.sql(keyIn: table, in: scope)) }
    conditions.append("(\(table).expires IS NULL OR \(table).expires > \(scope.now.timestamp))")
    condition = SQL.joined(conditions, by: " AND ")
    isByRow = filter.isByRow && filter.indexed.isEmpty && query.geo == nil
    isBare = conditions.count == 1
  }

  /// Whether the rows are one range, in the order of keys.
  var isOneRange: Bool {
    ordering == nil && map == nil && arms.count == 1 && arms[0].typesets.count == 1
      && arms[0].condition == nil
  }

  /// Whether it reads a range of an index, so that one plan is right for all values.
  var isPlannedOnce: Bool { isBare && isOneRange }

  /// Typesets together with what the selectors that match them ask of ids.
  static func arms(_ selectors: [EntitySelector], in scope: QueryScope) -> [Arm] {
    var arms: [Arm] = []
    for typeset in scope.typesets {
      let matching = selectors.filter { $0.types?.matches(types: typeset.types) ?? true }
      guard selectors.isEmpty || !matching.isEmpty else { continue }
      let conditions = matching.compactMap(\.condition)
      // A selector that asks nothing of ids selects all of its types.
      let isSelective = !matching.isEmpty && conditions.count == matching.count
      let condition: SQL? = isSelective ? "(\(SQL.joined(conditions, by: " OR ")))" : nil
      if let place = arms.firstIndex(where: { $0.condition == condition }) {
        arms[place].typesets.append(typeset.number)
      } else {
        arms.append(Arm(typesets: [typeset.number], condition: condition))
      }
    }
    return arms
  }
}

/// The conditions of a query on the rows of each Entity, apart from its type, id and place.
private struct QueryFilter {
  private(set) var conditions: [SQL] = []
  private(set) var indexed: [IndexedCondition] = []
  private(set) var usesEntity = false
  private(set) var usesValues = false
  /// Without Entities that are linked to, and without patterns.
  private(set) var isByRow = true

  init(_ query: EntityQuery, of typesets: [TypesetNumber], in scope: QueryScope) {
    if !query.attributes.isEmpty { add(anyOf: query.attributes, in: scope) }
    if let scopes = query.scopes {
      conditions.append(scopes.sql)
      usesValues = true
    }
    for part in query.query?.conjuncts ?? [] {
      if let condition = IndexedCondition(part, of: typesets, in: scope) {
        indexed.append(condition)
        continue
      }
      conditions.append(part.sql(on: .asked, in: scope))
      usesEntity = usesEntity || part.terms.contains { $0.path.isOfEntity }
      isByRow = isByRow && part.terms.allSatisfy(\.isByRow)
      usesValues = true
    }
  }

  private mutating func add(anyOf attributes: [IRI], in scope: QueryScope) {
    let numbers = attributes.compactMap { scope.names.number(of: $0) }
    conditions.append("v.attrs && \(numbers)")
    // Also of those that have not expired.
    let exist = attributes.map { Query.term(.init(.value(ValuePath([$0])), .exists)) }
    conditions.append(Query.any(exist).sql(on: .asked, in: scope))
    usesValues = true
  }
}

extension EntitySelector {
  /// What is asked of `e.id`; nil if nothing is.
  fileprivate var condition: SQL? {
    var conditions: [SQL] = []
    if !ids.isEmpty { conditions.append("e.id = ANY (\(ids.map(\.text)))") }
    if let idPattern { conditions.append("e.id ~ \(idPattern.text)") }
    return conditions.isEmpty ? nil : SQL.joined(conditions, by: " AND ")
  }
}

extension [EntitySelector] {
  /// What is asked of `e.id`; nil if one of them asks nothing, or there is none.
  var idCondition: SQL? {
    let conditions = compactMap(\.condition)
    guard !isEmpty, conditions.count == count else { return nil }
    return "(\(SQL.joined(conditions, by: " OR ")))"
  }
}

extension Query {
  /// Queries of which each has to hold.
  fileprivate var conjuncts: [Query] { if case .and(let parts) = self { parts } else { [self] } }
}

extension Query.Term {
  /// Whether a row says for itself whether the term holds, at a bounded price.
  fileprivate var isByRow: Bool {
    switch (path, condition) {
    case (.linked, _), (_, .matches), (_, .matchesNot): false
    default: true
    }
  }
}

extension Query.Path {
  /// Whether it names a member of the Entity itself, such as `modifiedAt`.
  fileprivate var isOfEntity: Bool {
    if case .value(let path) = self { path.attributes.isEmpty } else { false }
  }
}
