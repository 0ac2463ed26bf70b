package import JSONLD
package import Registrations

/// Which sources get which part of a write, and what is left for this broker.
///
/// Exclusive registrations take their Attributes first, then redirect ones; what remains stays here
/// and goes, as a copy, to inclusive ones.
///
/// Standard: GS CIM 009, 4.3.6.2, 4.3.6.3 and 5.6.
package struct WritePlan: Hashable, Sendable {
  /// What a source, or this broker, gets.
  package enum Share: Hashable, Sendable {
    /// The Entity as a whole.
    case all
    case attributes(Set<IRI>)

    package func includes(_ name: IRI) -> Bool {
      switch self {
      case .all: true
      case .attributes(let names): names.contains(name)
      }
    }
  }

  package struct Part: Hashable, Sendable {
    /// The id of the registration.
    package let source: String
    package let share: Share

    package init(source: String, share: Share) {
      self.source = source
      self.share = share
    }
  }

  package private(set) var forwards: [Part] = []
  /// What sources have claimed but do not support.
  package private(set) var conflicts: [Part] = []
  /// nil if all is with sources.
  package private(set) var local: Share? = .all

  /// - Parameters:
  ///   - attributes: those that the write names; nil for one on the Entity as a whole.
  ///   - registrations: those that match the Entity, neither expired nor passed already.
  ///   - supports: whether a source can carry out the write.
  package init(
    writing attributes: Set<IRI>?, to registrations: [Registration],
    supports: (Registration) -> Bool
  ) {
    var rest = attributes
    var isClaimed = false
    for mode in [RegistrationMode.exclusive, .redirect] {
      var claimed: Set<IRI> = []
      for registration in registrations where registration.mode == mode {
        guard let share = registration.share(of: rest) else { continue }
        let part = Part(source: registration.id, share: share)
        if supports(registration) { forwards.append(part) } else { conflicts.append(part) }
        if case .attributes(let names) = share { claimed.formUnion(names) }
        isClaimed = true
        if share == .all, let rest { claimed.formUnion(rest) }
      }
      rest?.subtract(claimed)
    }
    if isClaimed, let rest { local = rest.isEmpty ? nil : .attributes(rest) }
    guard local != nil else { return }
    for registration in registrations where registration.mode == .inclusive {
      guard supports(registration), let share = registration.share(of: rest) else { continue }
      forwards.append(Part(source: registration.id, share: share))
    }
  }

  /// Whether no source has a part in the write.
  package var isLocal: Bool { forwards.isEmpty && conflicts.isEmpty }
}

extension Registration {
  /// What the source gets of a write; nil for nothing.
  fileprivate func share(of attributes: Set<IRI>?) -> WritePlan.Share? {
    guard let attributes, !information.contains(where: \.attributes.isEmpty) else { return .all }
    let common = attributes.intersection(information.flatMap(\.attributes))
    return common.isEmpty ? nil : .attributes(common)
  }
}
