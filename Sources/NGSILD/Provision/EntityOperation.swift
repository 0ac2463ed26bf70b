package import JSONLD

/// An operation on one Entity, as it is applied to the stored state.
///
/// Standard: context information provision (GS CIM 009, 5.6).
package enum EntityOperation: Sendable {
  /// 5.6.1: the Entity must not exist yet.
  case create(EntityFragment)
  /// 5.6.8: create, or else replace or update.
  case upsert(EntityFragment, mode: UpsertMode)
  /// 5.6.3.
  case appendAttributes(EntityFragment, overwrite: Bool)
  /// 5.6.2: Update Attributes.
  case updateAttributes(EntityFragment)
  /// 5.6.4: Partial Attribute Update.
  case updateAttribute(IRI, AttributeFragment)
  /// 5.6.5.
  case deleteAttribute(IRI, InstanceSelection)
  /// 5.6.5 on `scope`.
  case deleteScope
  /// 5.6.18.
  case replaceEntity(EntityFragment)
  /// 5.6.19.
  case replaceAttribute(IRI, AttributeFragment)
  /// 5.6.17; the fragment is read by the rules `merge` or `simplifiedMerge`.
  case mergeEntity(EntityFragment, MergeOptions)
  /// 5.6.6.
  case delete
  /// 5.6.21 with `keep` or `drop`: deletes Attributes with all their instances.
  case purgeAttributes(AttributeSelection)
  /// 5.6.11, 5.6.12: adds to the history; the fragment is read by the rules `temporal`.
  case record(TemporalFragment)
  /// 4.22: removes what has expired; `resourceNotFound` where nothing has.
  case expire

  package enum UpsertMode: Sendable { case replace, update }

  package enum AttributeSelection: Sendable, Hashable {
    case these(Set<IRI>)
    case others(Set<IRI>)

    func includes(_ name: IRI) -> Bool {
      switch self {
      case .these(let names): names.contains(name)
      case .others(let names): !names.contains(name)
      }
    }
  }

  package enum InstanceSelection: Sendable {
    case all
    /// nil for the default instance.
    case one(datasetId: IRI?)
  }
}

/// Parameters of Merge Entity (6.5.3.4).
package struct MergeOptions: Sendable {
  /// The language of strings that are given for a LanguageProperty.
  package var language: String?
  /// For merged instances that had an `observedAt` and are given none.
  package var observedAt: DateTimeText?

  package init(language: String? = nil, observedAt: DateTimeText? = nil) {
    self.language = language
    self.observedAt = observedAt
  }
}

/// What an operation that was carried out says about it.
package struct OperationResult: Sendable {
  package var change: EntityChange
  /// Attributes, and `scope`, that the operation left alone, with the reason (5.2.18).
  package var notUpdated: [NotUpdated] = []

  package struct NotUpdated: Sendable {
    /// An IRI, or `scope`.
    package let name: String
    package let reason: String
  }
}
