package import DistributedOperations
import JSONLD

/// Types and Attributes that are known, each once, in the order of their names.
///
/// What sources tell is added to what is here, counts too: an Entity that two brokers have counts
/// twice.
package struct Discovery: Sendable {
  private var typesByName: [IRI: AvailableType] = [:]
  private var attributesByName: [IRI: AvailableAttribute] = [:]
  /// What is missing, and why.
  package var warnings: [SourceWarning] = []

  package init(types: [AvailableType] = [], attributes: [AvailableAttribute] = []) {
    for type in types { add(type) }
    for attribute in attributes { add(attribute) }
  }

  mutating func add(_ other: Discovery) {
    for type in other.types { add(type) }
    for attribute in other.attributes { add(attribute) }
    warnings += other.warnings
  }

  mutating func add(_ type: AvailableType) {
    typesByName[type.name, default: AvailableType(name: type.name)].add(type)
  }

  mutating func add(_ attribute: AvailableAttribute) {
    attributesByName[attribute.name, default: AvailableAttribute(name: attribute.name)]
      .add(attribute)
  }

  package var types: [AvailableType] { typesByName.values.sorted { $0.name < $1.name } }

  package var attributes: [AvailableAttribute] {
    attributesByName.values.sorted { $0.name < $1.name }
  }
}
