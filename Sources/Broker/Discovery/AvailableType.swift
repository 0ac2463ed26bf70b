package import JSONLD
import NGSILD
import Storage

/// An Entity type that Entities have (GS CIM 009, 5.2.25, 5.2.26).
package struct AvailableType: Sendable, Hashable {
  package let name: IRI
  package private(set) var entityCount = 0
  /// Of Entities of this type.
  package private(set) var attributes: [AvailableAttribute] = []

  init(name: IRI, entityCount: Int = 0, attributes: [AvailableAttribute] = []) {
    self.name = name
    self.entityCount = entityCount
    self.attributes = attributes
  }

  mutating func add(_ other: AvailableType) {
    entityCount += other.entityCount
    attributes = Discovery(attributes: attributes + other.attributes).attributes
  }

  /// An Entity of several types counts for each of them.
  static func list(_ census: Census) -> [AvailableType] {
    var types: [IRI: AvailableType] = [:]
    for entities in census.entities {
      for type in entities.types {
        types[type, default: AvailableType(name: type)].entityCount += entities.count
      }
    }
    var attributes: [IRI: [Census.Attributes]] = [:]
    for counted in census.attributes {
      for type in counted.types { attributes[type, default: []].append(counted) }
    }
    for (type, counted) in attributes {
      types[type]?.attributes = AvailableAttribute.list(counted)
    }
    return types.values.sorted { $0.name.text < $1.name.text }
  }
}
