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
  func narrowed(_ selector: EntitySelector) -> [NarrowedSelector] {
    guard !entities.isEmpty else { return [NarrowedSelector(selector: selector)] }
    return entities.compactMap { $0.narrowed(selector) }
  }

  /// Whether a source holds the Entity, or its Attributes.
  func covers(_ id: String, _ types: [IRI]) -> Bool {
    entities.isEmpty || entities.contains { $0.narrowed(.exactly(id, types)) != nil }
  }
}

/// What a source is asked for; it takes one pattern, where the request and the registration may
/// each have one.
struct NarrowedSelector: Hashable {
  var selector: EntitySelector
  var registeredPattern: Pattern?
}

extension EntitySelector {
  /// The same, asked for in a way in which a pattern is of no effect beside ids; nil if it selects
  /// nothing.
  var withoutPatternBesideIds: EntitySelector? {
    ids.isEmpty ? self : restricted(to: ids.map(\.text))
  }

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

  func narrowed(_ selector: EntitySelector) -> NarrowedSelector? {
    let types = types.isEmpty ? selector.types : common(with: selector.types)
    guard self.types.isEmpty || types != nil else { return nil }
    if let id {
      guard let own = selector.restricted(to: [id.text]) else { return nil }
      return NarrowedSelector(selector: EntitySelector(types: types, ids: own.ids))
    }
    guard selector.ids.isEmpty else {
      let ids = selector.ids.filter { idPattern?.matches($0.text) ?? true }
      return ids.isEmpty
        ? nil : NarrowedSelector(selector: EntitySelector(types: types, ids: ids))
    }
    return NarrowedSelector(
      selector: EntitySelector(types: types, idPattern: selector.idPattern ?? idPattern),
      registeredPattern: selector.idPattern == nil ? nil : idPattern)
  }

  /// Those of its types that are asked for; nil for none.
  private func common(with wanted: TypeSelection?) -> TypeSelection? {
    guard case .anyOf(let alternatives)? = wanted else { return .anyOf(types.map { [$0] }) }
    let common = alternatives.filter { $0.allSatisfy(types.contains) }
    return common.isEmpty ? nil : .anyOf(common)
  }
}

extension [NarrowedSelector] {
  /// Adds selectors, those that differ in their ids alone as one.
  mutating func merge(_ others: [NarrowedSelector]) {
    for other in others where !contains(other) {
      let place = firstIndex { own in
        own.selector.types == other.selector.types && !own.selector.ids.isEmpty
          && !other.selector.ids.isEmpty
      }
      guard let place else {
        append(other)
        continue
      }
      let ids = self[place].selector.ids
      self[place].selector = EntitySelector(
        types: other.selector.types, ids: ids + other.selector.ids.filter { !ids.contains($0) })
    }
  }
}
