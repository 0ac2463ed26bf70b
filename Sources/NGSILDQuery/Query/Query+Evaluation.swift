package import JSON
package import JSONLD
package import NGSILD

extension Query {
  /// How many Entities the evaluation on one Entity follows Relationships to; further ones count as
  /// not found.
  package static let linksMax = 10_000

  /// Whether an Entity in stored form satisfies the query.
  ///
  /// - Parameters:
  ///   - now: Attribute instances expired by then do not exist; whether the Entity itself has
  ///     expired is the caller's to know.
  ///   - linked: the Entity of an id, as far as it is known. A caller who has to load Entities
  ///     first can note the ids asked for, load them and evaluate again, until none is missing.
  package func matches(
    _ entity: JSONValue, at now: DateTime, linked: @escaping (IRI) -> JSONValue? = { _ in nil }
  ) -> Bool {
    var evaluation = QueryEvaluation(now: now, linked: linked)
    return evaluation.matches(self, entity)
  }
}

/// The evaluation of a query on one Entity.
///
/// Standard: GS CIM 009, 4.9, whose target elements are the `QueryTarget`s of a path; a term holds
/// if it holds for any of them.
private struct QueryEvaluation {
  let now: DateTime
  let linked: (IRI) -> JSONValue?
  var linksLeft = Query.linksMax

  init(now: DateTime, linked: @escaping (IRI) -> JSONValue?) {
    self.now = now
    self.linked = linked
  }

  mutating func matches(_ query: Query, _ entity: JSONValue) -> Bool {
    switch query {
    case .and(let parts):
      for part in parts where !matches(part, entity) { return false }
      return true
    case .or(let parts):
      for part in parts where matches(part, entity) { return true }
      return false
    case .term(let term):
      if term.condition == .absent { return !hasTarget(of: term.path, in: entity) { _ in true } }
      return hasTarget(of: term.path, in: entity) { $0.satisfies(term.condition) }
    }
  }

  private mutating func hasTarget(
    of path: Query.Path, in entity: JSONValue, where test: (QueryTarget) -> Bool
  ) -> Bool {
    switch path {
    case .value(let path):
      return path.hasTarget(in: entity, at: now, where: test)
    case .linked(let relationship, let types, let path):
      for instance in entity.instances(of: relationship, at: now) {
        for id in instance.objects {
          guard let entity = follow(IRI(id), types), hasTarget(of: path, in: entity, where: test)
          else {
            continue
          }
          return true
        }
      }
      return false
    }
  }

  private mutating func follow(_ id: IRI, _ types: [IRI]) -> JSONValue? {
    guard linksLeft > 0 else { return nil }
    linksLeft -= 1
    guard let entity = linked(id), !entity.isExpired(at: now) else { return nil }
    guard !types.isEmpty else { return entity }
    let actual = entity["type"]?.elementsOrSelf.compactMap(\.string).map(IRI.init) ?? []
    return types.contains(where: actual.contains) ? entity : nil
  }
}

extension QueryTarget {
  fileprivate func satisfies(_ condition: Query.Condition) -> Bool {
    switch condition {
    case .exists: true
    case .absent: false
    case .equal(let operand):
      operators != .existence && elements.contains { operand.contains($0) }
    case .unequal(let operand):
      operators != .existence && !elements.contains { operand.contains($0) }
    case .ordered(let order, let value):
      operators == .all && elements.contains { order.holds(value.compared(with: $0)) }
    case .matches(let pattern):
      operators == .all && strings.contains { pattern.search($0) == .found }
    case .matchesNot(let pattern):
      operators == .all && !strings.isEmpty
        && strings.allSatisfy { pattern.search($0) == .notFound }
    }
  }

  private var strings: [JSONValue] { elements.filter(\.isString) }
}

extension Pattern {
  fileprivate func search(_ value: JSONValue) -> Outcome {
    value.hasEscapes ? search(value.string ?? "") : value.withContents { search($0) }
  }
}
