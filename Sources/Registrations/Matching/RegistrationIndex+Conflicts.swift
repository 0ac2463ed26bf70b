import JSONLD
package import NGSILD

/// What is at one Context Source alone must not be said to be elsewhere too.
///
/// Standard: GS CIM 009, 4.3.6.3, 5.9.2.4 and 5.9.3.4.
extension RegistrationIndex {
  /// A registration that excludes `registration`; nil if there is none.
  ///
  /// - Parameter key: of the one that is updated, which does not exclude itself.
  package func conflict(
    with registration: Registration, replacing key: RegistrationKey? = nil, at now: DateTime
  ) -> CompiledRegistration? {
    switch registration.mode {
    case .inclusive, .auxiliary: return nil
    case .exclusive:
      return registration.claims.lazy.flatMap { matches(for: $0, at: now) }.map(\.registration)
        .first { $0.key != key && $0.registration.mode.isProxied }
    case .redirect:
      return all.first { other in
        other.key != key && other.registration.mode == .exclusive
          && !other.registration.isExpired(at: now)
          && other.registration.claims.contains {
            !registration.information(matching: $0).isEmpty
          }
      }
    }
  }
}

extension Registration {
  /// The Entities that it names, each with the Attributes that it registers of it.
  fileprivate var claims: [EntitySpecification] {
    information.flatMap { info in
      info.entities.compactMap { entity in
        entity.id.map {
          EntitySpecification(id: $0, types: entity.types, attributes: info.attributes)
        }
      }
    }
  }
}
