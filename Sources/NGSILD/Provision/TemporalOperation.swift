package import JSONLD

/// An operation on the history of an Entity.
///
/// Standard: temporal provision (GS CIM 009, 5.6.11 to 5.6.16).
package enum TemporalOperation: Sendable {
  case upsert(TemporalFragment)
  case appendAttributes(TemporalFragment)
  case deleteAttribute(IRI, EntityOperation.InstanceSelection)
  /// The instance of the id, of the Attribute.
  case updateInstance(String, IRI, AttributeFragment)
  case deleteInstance(String, IRI)
  case delete

  /// The Attributes that it names; nil for the Entity as a whole.
  package var attributes: Set<IRI>? {
    switch self {
    case .upsert(let fragment), .appendAttributes(let fragment):
      Set(fragment.attributes.map(\.name))
    case .deleteAttribute(let name, _), .updateInstance(_, let name, _),
      .deleteInstance(_, let name):
      [name]
    case .delete: nil
    }
  }

  package var types: [IRI] {
    switch self {
    case .upsert(let fragment), .appendAttributes(let fragment): fragment.types
    default: []
    }
  }

  /// Whether it is about an instance, which one broker alone holds.
  package var isOfOneInstance: Bool {
    switch self {
    case .updateInstance, .deleteInstance: true
    default: false
    }
  }

  /// The same for those Attributes alone that `isIncluded`.
  package func restricted(to isIncluded: (IRI) -> Bool) -> TemporalOperation {
    switch self {
    case .upsert(var fragment):
      fragment.attributes.removeAll { !isIncluded($0.name) }
      return .upsert(fragment)
    case .appendAttributes(var fragment):
      fragment.attributes.removeAll { !isIncluded($0.name) }
      return .appendAttributes(fragment)
    default: return self
    }
  }
}
