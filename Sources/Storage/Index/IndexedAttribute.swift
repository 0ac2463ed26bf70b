package import JSONLD

/// An Attribute whose values are in `attribute_index`, of the Entities of some types.
package struct IndexedAttribute: Hashable, Sendable {
  package let name: IRI
  let number: NameNumber
  /// All that it is declared for. Writes enter the Entities of each.
  private(set) var types: Set<IRI> = []
  /// Those of them whose Entities have all been entered. Queries rely on these alone.
  private(set) var readyTypes: Set<IRI> = []

  init(_ name: IRI, number: NameNumber) {
    self.name = name
    self.number = number
  }

  mutating func add(_ type: IRI, isReady: Bool) {
    types.insert(type)
    if isReady { readyTypes.insert(type) }
  }

  /// Whether Entities of these types are entered.
  func covers(_ types: [IRI]) -> Bool { types.contains(where: self.types.contains) }

  /// Whether all Entities of these types have been entered.
  func isReady(for types: [IRI]) -> Bool { types.contains(where: readyTypes.contains) }
}
