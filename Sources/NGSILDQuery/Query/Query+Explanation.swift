package import JSON
package import JSONLD
package import NGSILD

extension Query {
  /// A part of a query that an Entity does not satisfy.
  package struct Unmet: Sendable {
    /// A condition, or several of which one would be enough.
    package let query: Query
    /// What the paths of the part lead to, through linked Entities aside.
    package let found: [JSONValue]
  }

  /// The parts of the query that keep an Entity from satisfying it; empty if it does.
  ///
  /// The parameters are those of `matches`, which decides.
  package func unmet(
    by entity: JSONValue, at now: DateTime, linked: @escaping (IRI) -> JSONValue? = { _ in nil }
  ) -> [Unmet] {
    guard !matches(entity, at: now, linked: linked) else { return [] }
    if case .and(let parts) = self {
      return parts.flatMap { $0.unmet(by: entity, at: now, linked: linked) }
    }
    return [Unmet(query: self, found: terms.flatMap { $0.path.values(in: entity, at: now) })]
  }
}

extension Query.Path {
  fileprivate func values(in entity: JSONValue, at now: DateTime) -> [JSONValue] {
    guard case .value(let path) = self else { return [] }
    var values: [JSONValue] = []
    _ = path.hasTarget(in: entity, at: now) { target in
      values += target.elements
      return false
    }
    return values
  }
}
