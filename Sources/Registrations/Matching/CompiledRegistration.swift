import JSON
package import JSONLD
package import NGSILD
package import NGSILDQuery

/// `registration.key`: a registration's number, never used again.
package typealias RegistrationKey = Int64

/// A registration made ready for matching; shared by all loops of a process.
package final class CompiledRegistration: Sendable {
  package let key: RegistrationKey
  package let registration: Registration
  /// In stored form, as an Entity (see `Registration.entity`).
  private let document: JSONValue

  package init(_ registration: Registration, key: RegistrationKey) {
    self.key = key
    self.registration = registration
    var writer = JSONWriter(reservingCapacity: 512)
    registration.entity.write(to: &writer)
    document = JSONValue(written: writer)
  }

  /// Whether its Context Source Properties satisfy `csf`.
  package func satisfies(_ filter: Query, at now: DateTime) -> Bool {
    filter.matches(document, at: now)
  }

  /// Whether the source can have Entities of the scopes that are asked for.
  ///
  /// Choice: one that names no scope can have any.
  package func mayHave(_ scopes: ScopeQuery) -> Bool {
    registration.scopes.isEmpty || scopes.matches(scopes: registration.scopes)
  }

  /// Whether it tells, by this GeoProperty, where the Entities are.
  package func hasArea(_ geoproperty: IRI) -> Bool { document[named: geoproperty.text] != nil }
}
