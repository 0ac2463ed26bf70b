package import JSONLD
package import NGSILD
import Storage

/// An Attribute that Entities have (GS CIM 009, 5.2.28).
package struct AvailableAttribute: Sendable, Hashable {
  package let name: IRI
  /// Choice: each instance counts, whatever its `datasetId`.
  package private(set) var instanceCount = 0
  package private(set) var types: [AttributeType] = []
  /// Of Entities that have it.
  package private(set) var entityTypes: [IRI] = []

  init(
    name: IRI, instanceCount: Int = 0, types: [AttributeType] = [], entityTypes: [IRI] = []
  ) {
    self.name = name
    self.instanceCount = instanceCount
    self.types = types
    self.entityTypes = entityTypes
  }

  mutating func add(_ other: AvailableAttribute) {
    instanceCount += other.instanceCount
    for type in other.types where !types.contains(type) { types.append(type) }
    for type in other.entityTypes where !entityTypes.contains(type) { entityTypes.append(type) }
  }

  static func list(_ census: [Census.Attributes]) -> [AvailableAttribute] {
    var attributes: [IRI: AvailableAttribute] = [:]
    for counted in census {
      attributes[counted.name, default: AvailableAttribute(name: counted.name)].add(counted)
    }
    return attributes.values.sorted { $0.name.text < $1.name.text }
  }

  private mutating func add(_ counted: Census.Attributes) {
    instanceCount += counted.count
    if !types.contains(counted.type) { types.append(counted.type) }
    for type in counted.types where !entityTypes.contains(type) { entityTypes.append(type) }
  }
}
