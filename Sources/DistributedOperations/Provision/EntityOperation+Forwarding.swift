package import JSONLD
package import NGSILD
package import Registrations

/// What a write on one Entity is to a Context Source.
extension EntityOperation {
  /// By what name registrations list it; nil for what is never forwarded.
  package var registered: RegisteredOperation? {
    switch self {
    case .create: .createEntity
    case .appendAttributes: .appendAttrs
    case .updateAttributes: .updateEntity
    case .updateAttribute: .updateAttrs
    case .deleteAttribute, .deleteScope: .deleteAttrs
    case .replaceEntity: .replaceEntity
    case .replaceAttribute: .replaceAttrs
    case .mergeEntity: .mergeEntity
    case .delete: .deleteEntity
    case .upsert, .purgeAttributes, .record, .expire: nil
    }
  }

  /// The Attributes that it names; nil for the Entity as a whole.
  package var attributes: Set<IRI>? {
    switch self {
    case .updateAttribute(let name, _), .replaceAttribute(let name, _),
      .deleteAttribute(let name, _):
      [name]
    default: fragment.map { Set($0.attributes.map(\.name)) }
    }
  }

  package var types: [IRI] { fragment?.types ?? [] }

  var fragment: EntityFragment? {
    switch self {
    case .create(let fragment), .upsert(let fragment, _), .appendAttributes(let fragment, _),
      .updateAttributes(let fragment), .replaceEntity(let fragment), .mergeEntity(let fragment, _):
      fragment
    default: nil
    }
  }

  /// What is left of it where sources have taken the other Attributes.
  package func restricted(to share: WritePlan.Share) -> EntityOperation {
    guard case .attributes = share, var fragment else { return self }
    fragment.attributes.removeAll { !share.includes($0.name) }
    switch self {
    case .create: return .create(fragment)
    case .upsert(_, let mode): return .upsert(fragment, mode: mode)
    case .appendAttributes(_, let overwrite):
      return .appendAttributes(fragment, overwrite: overwrite)
    case .updateAttributes: return .updateAttributes(fragment)
    case .replaceEntity: return .replaceEntity(fragment)
    case .mergeEntity(_, let options): return .mergeEntity(fragment, options)
    default: return self
    }
  }
}
