import JSONLD

/// Finds Attributes by name in a list that only grows at its end.
///
/// What changes an Entity mostly names its Attributes in their order, so that the next one is the
/// first guess; a long list is indexed.
struct AttributePlaces {
  private var next = 0
  private var index: [IRI: Int] = [:]
  private static let indexedFrom = 16

  mutating func place<Item>(
    of name: IRI, in items: [Item], named: (Item) -> IRI
  ) -> Int? {
    var found: Int?
    if next < items.count && named(items[next]) == name {
      found = next
    } else if items.count < Self.indexedFrom {
      found = items.firstIndex { named($0) == name }
    } else {
      for place in index.count..<items.count { index[named(items[place])] = place }
      found = index[name]
    }
    if let found { next = found + 1 }
    return found
  }
}
