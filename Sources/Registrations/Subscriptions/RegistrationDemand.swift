import JSONLD
package import NGSILDQuery
package import Subscriptions

extension EntitySpecification {
  /// What a subscription to registrations is about: its Entities, and the Attributes that it
  /// watches or wants to be told of.
  ///
  /// Standard: GS CIM 009, 5.11.2.4. Choice: where both lists of Attributes are empty, all match.
  package init(_ subscription: Subscription) {
    var attributes = subscription.watchedAttributes
    let told = subscription.notification.projection
    for name in told.attributes + told.picked where !attributes.contains(name) {
      attributes.append(name)
    }
    self.init(
      selectors: subscription.entities.map(NGSILDQuery.EntitySelector.init), attributes: attributes)
  }
}

extension Projection {
  fileprivate var picked: [IRI] {
    pick?.terms.compactMap { term in
      if case .attribute(let name) = term.member { name } else { nil }
    } ?? []
  }
}

extension NGSILDQuery.EntitySelector {
  /// `id` takes precedence over `idPattern`.
  package init(_ selector: Subscriptions.EntitySelector) {
    self.init(
      types: selector.types.tree, ids: selector.id.map { [IRI($0)] } ?? [],
      idPattern: selector.id == nil ? selector.idPattern : nil)
  }
}
