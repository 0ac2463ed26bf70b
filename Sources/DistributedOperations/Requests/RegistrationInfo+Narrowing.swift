import JSONLD
import NGSILDQuery
import Registrations

/// Never more is asked of a source than it has registered (GS CIM 009, 4.3.6.1).
extension RegistrationInfo {
  /// What of the Attributes that are asked for the source holds, empty for all; nil for nothing.
  func narrowed(_ wanted: Set<IRI>?) -> Set<IRI>? {
    guard let wanted else { return Set(attributes) }
    guard !attributes.isEmpty else { return wanted }
    let common = wanted.intersection(attributes)
    return common.isEmpty ? nil : common
  }

  /// What of the Entities that are asked for the source holds; empty for none.
  func narrowed(_ selector: EntitySelector) -> [EntitySelector] {
    guard !entities.isEmpty else { return [selector] }
    return entities.compactMap { $0.narrowed(selector) }
  }

  /// Whether a source holds the Entity, or its Attributes.
  func covers(_ id: String, _ types: [IRI]) -> Bool {
    entities.isEmpty || entities.contains { $0.narrowed(.exactly(id, types)) != nil }
  }
}

extension EntitySelector {
  static func exactly(_ id: String, _ types: [IRI]) -> EntitySelector {
    EntitySelector(types: .anyOf(types.map { [$0] }), ids: [IRI(id)])
  }
}

extension EntityInfo {
  var selector: EntitySelector {
    EntitySelector(
      types: types.isEmpty ? nil : .anyOf(types.map { [$0] }), ids: id.map { [$0] } ?? [],
      idPattern: id == nil ? idPattern : nil)
  }

  func narrowed(_ selector: EntitySelector) -> EntitySelector? {
    guard let types = narrowed(selector.types) else { return nil }
    if let id {
      guard selector.ids.isEmpty || selector.ids.contains(id),
        selector.idPattern?.matches(id.text) ?? true
      else { return nil }
      return EntitySelector(types: types.value, ids: [id])
    }
    guard let idPattern else {
      return EntitySelector(types: types.value, ids: selector.ids, idPattern: selector.idPattern)
    }
    guard !selector.ids.isEmpty else {
      return EntitySelector(types: types.value, idPattern: selector.idPattern ?? idPattern)
    }
    let ids = selector.ids.filter { idPattern.matches($0.text) }
    return ids.isEmpty ? nil : EntitySelector(types: types.value, ids: ids)
  }

  /// The types to ask for, of which there may be none; nil if the source holds none that are asked
  /// for.
  private func narrowed(_ wanted: TypeSelection?) -> (value: TypeSelection?, Void)? {
    guard !types.isEmpty else { return (wanted, ()) }
    guard case .anyOf(let alternatives)? = wanted else {
      return (.anyOf(types.map { [$0] }), ())
    }
    let common = alternatives.filter { $0.allSatisfy(types.contains) }
    return common.isEmpty ? nil : (.anyOf(common), ())
  }
}

extension [EntitySelector] {
  /// Adds selectors, those that differ in their ids alone as one.
  mutating func merge(_ others: [EntitySelector]) {
    for other in others where !contains(other) {
      let place = firstIndex { own in
        own.types == other.types && own.idPattern == nil && other.idPattern == nil
          && !own.ids.isEmpty && !other.ids.isEmpty
      }
      guard let place else {
        append(other)
        continue
      }
      let ids = self[place].ids
      self[place] = EntitySelector(
        types: other.types, ids: ids + other.ids.filter { !ids.contains($0) })
    }
  }
}

extension Projection {
  /// The Attributes that are asked for; empty for all.
  var shownAttributes: Set<IRI> {
    guard let pick else { return Set(attributes) }
    return Set(
      pick.terms.compactMap { term in
        if case .attribute(let name) = term.member { name } else { nil }
      })
  }
}
