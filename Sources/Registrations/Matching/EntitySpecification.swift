package import JSONLD
package import NGSILDQuery
import Subscriptions

/// Which Entities and which of their Attributes an operation or a discovery is about.
///
/// Standard: GS CIM 009, 5.12.
package struct EntitySpecification: Sendable, Hashable {
  /// Any of them; empty for any Entity. Without types, a selector is of any type.
  package var selectors: [NGSILDQuery.EntitySelector]
  /// Any of them; empty for all.
  package var attributes: [IRI]
  /// nil for all instances.
  package var datasets: DatasetSelection?

  package init(
    selectors: [NGSILDQuery.EntitySelector] = [], attributes: [IRI] = [],
    datasets: DatasetSelection? = nil
  ) {
    self.selectors = selectors
    self.attributes = attributes
    self.datasets = datasets
  }

  /// One Entity.
  ///
  /// - Parameter types: those that it has; empty where they are not known, so that they exclude
  ///   nothing.
  package init(
    id: IRI, types: [IRI] = [], attributes: [IRI] = [], datasets: DatasetSelection? = nil
  ) {
    let types = types.isEmpty ? nil : TypeSelection.anyOf(types.map { [$0] })
    self.init(
      selectors: [NGSILDQuery.EntitySelector(types: types, ids: [id])], attributes: attributes,
      datasets: datasets)
  }

  /// What a query asks for: `attrs`, and what `q` and the geo-query look at (5.10.2.4).
  ///
  /// - Parameter splits: whether parts of one Entity may be in several sources: then also one that
  ///   has nothing of what conditions look at has a part of what satisfies them.
  package init(_ request: QueryRequest, splits: Bool = false) {
    var attributes = request.projection.attributes
    if !splits || !attributes.isEmpty {
      let others =
        (request.query?.attributes.sorted() ?? [])
        + [request.geo?.geoproperty]
        .compactMap { $0 }
      for name in others where !attributes.contains(name) { attributes.append(name) }
    }
    self.init(
      selectors: request.selectors, attributes: attributes, datasets: request.datasets)
  }
}
