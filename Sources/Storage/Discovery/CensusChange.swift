import NGSILD

/// What of the census a row counts.
struct CensusCell: Hashable, Sendable {
  let typeset: TypesetNumber
  /// 0 for the Entities themselves.
  let attribute: NameNumber
  /// `AttributeType`'s number; 0 for Entities.
  let type: Int16
}

/// What the change of one Entity adds to the census, and takes from it.
struct CensusChange: Sendable {
  private(set) var counts: [CensusCell: Int32] = [:]

  /// - Parameters:
  ///   - locked: the Entity as it was stored, with what had expired in it.
  ///   - typeset: nil if it is deleted.
  init(
    _ change: EntityChange, from locked: LockedEntity?, to typeset: TypesetNumber?,
    names: NameTable
  ) {
    guard locked?.typeset != typeset || change.changesInstances else { return }
    if let entity = locked?.entity, let typeset = locked?.typeset {
      add(entity, of: typeset, -1, names)
    }
    if let entity = change.after, let typeset { add(entity, of: typeset, 1, names) }
    counts = counts.filter { $0.value != 0 }
  }

  private mutating func add(
    _ entity: Entity, of typeset: TypesetNumber, _ count: Int32, _ names: NameTable
  ) {
    counts[CensusCell(typeset: typeset, attribute: 0, type: 0), default: 0] += count
    for attribute in entity.attributes {
      let name = names.required(attribute.name)
      for instance in attribute.instances {
        let type = Int16(instance.type.rawValue)
        counts[CensusCell(typeset: typeset, attribute: name, type: type), default: 0] += count
      }
    }
  }
}

extension EntityChange {
  /// Whether an Attribute instance came, went, or has another type.
  fileprivate var changesInstances: Bool {
    !expired.isEmpty || attributes.contains { $0.before?.type != $0.after?.type }
  }
}
