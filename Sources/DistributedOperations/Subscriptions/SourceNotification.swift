package import JSON
import JSONLD
package import NGSILD
package import Registrations
import Subscriptions

/// What a Context Source notifies this broker of.
///
/// Standard: GS CIM 009, 5.8.6.
package struct SourceNotification: Sendable {
  /// The id that the source has of the copy.
  package let subscription: String
  /// Entities, not read yet: what they mean depends on whose they are.
  package let data: JSONValue

  /// - Throws: `badRequestData`.
  package init(_ body: JSONValue) throws(NGSILDError) {
    guard body["type"]?.string == "Notification" else {
      throw .badRequestData(
        "'type' is \(body["type"].excerpt); 'Notification' is expected")
    }
    guard let id = body["subscriptionId"]?.string else {
      throw .badRequestData(
        "'subscriptionId' is \(body["subscriptionId"].excerpt); the id of a Subscription is expected"
      )
    }
    guard let data = body["data"], data.isArray else {
      throw .badRequestData("'data' is \(body["data"].excerpt); an array of Entities is expected")
    }
    subscription = id
    self.data = data
  }
}

extension JSONValue? {
  fileprivate var excerpt: String { self?.excerpt ?? "missing" }
}

extension Registration {
  /// What of an Entity the source has registered; nil for nothing: it is not believed to hold
  /// anything else.
  package func part(of entity: Entity) -> Entity? {
    let parts = information.filter { $0.covers(entity.id, entity.types) }
    guard !parts.isEmpty else { return nil }
    var part = entity
    if !parts.contains(where: \.attributes.isEmpty) {
      let names = Set(parts.flatMap(\.attributes))
      part.attributes.removeAll { !names.contains($0.name) }
    }
    if let datasetIds { part.keep(datasets: datasetIds) }
    return part
  }
}

extension Entity {
  fileprivate mutating func keep(datasets: [String]) {
    let kept = Set(datasets.map { $0 == "@none" ? nil : IRI($0) })
    for place in attributes.indices {
      attributes[place].instances.removeAll { !kept.contains($0.datasetId) }
    }
    attributes.removeAll(where: \.instances.isEmpty)
  }
}
