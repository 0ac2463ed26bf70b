import JSON
import JSONLD
import NGSILD
import NGSILDQuery

/// The active subscriptions of a tenant, found by what a change could trigger them with, so that
/// those that it cannot concern cost it nothing.
package struct SubscriptionIndex: Sendable {
  /// Where a subscription is looked for; it has one place for each way to reach it.
  private enum Place: Hashable {
    /// A selector names this Entity.
    case id(String)
    /// A selector takes any Entity that has this type, nil for any type.
    case type(IRI?)
    /// As `type`, and only changes of this Attribute concern the subscription.
    case attribute(IRI, ofType: IRI?)
  }

  private var places: [Place: [CompiledSubscription]] = [:]

  package init() {}

  package var isEmpty: Bool { places.isEmpty }

  /// The subscriptions that `change` may concern, in the order of their keys.
  func candidates(for change: ChangeSummary) -> [CompiledSubscription] {
    guard !places.isEmpty else { return [] }
    var found: [CompiledSubscription] = places[.id(change.id)] ?? []
    for type in change.types.map(Optional.some) + [nil] {
      if let subscriptions = places[.type(type)] { found += subscriptions }
      for attribute in change.attributes {
        if let subscriptions = places[.attribute(attribute.name, ofType: type)] {
          found += subscriptions
        }
      }
    }
    guard found.count > 1 else { return found }
    found.sort { $0.key < $1.key }
    var last: SubscriptionKey?
    return found.filter { subscription in
      defer { last = subscription.key }
      return subscription.key != last
    }
  }

  package mutating func insert(_ subscription: CompiledSubscription) {
    for place in Self.places(of: subscription) {
      places[place, default: []].append(subscription)
    }
  }

  package mutating func remove(_ subscription: CompiledSubscription) {
    for place in Self.places(of: subscription) {
      places[place]?.removeAll { $0.key == subscription.key }
      if places[place]?.isEmpty == true { places[place] = nil }
    }
  }

  private static func places(of subscription: CompiledSubscription) -> Set<Place> {
    // The clock reaches those that are notified periodically, not changes.
    guard subscription.period == nil, subscription.subscription.subject == .entities else {
      return []
    }
    let selectors = subscription.subscription.entities
    let watched = subscription.triggers.hearsOfEntities ? [] : subscription.watched
    guard !selectors.isEmpty else { return places(ofType: nil, watched) }
    var all: Set<Place> = []
    for selector in selectors {
      if let id = selector.id {
        all.insert(.id(id))
        continue
      }
      switch selector.types.tree {
      case .any: all.formUnion(places(ofType: nil, watched))
      case .anyOf(let alternatives):
        // An Entity has all types of an alternative, so the first is enough to find it by.
        for types in alternatives { all.formUnion(places(ofType: types.first, watched)) }
      }
    }
    return all
  }

  private static func places(ofType type: IRI?, _ watched: Set<IRI>) -> Set<Place> {
    watched.isEmpty ? [.type(type)] : Set(watched.map { .attribute($0, ofType: type) })
  }
}
