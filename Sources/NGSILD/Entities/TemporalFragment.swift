package import JSONLD

/// What a client gave of the temporal evolution of an Entity.
///
/// Standard: EntityTemporal (GS CIM 009, 5.2.20).
package struct TemporalFragment: Sendable {
  package var id: String?
  package var types: [IRI]
  package var expiresAt: FragmentValue<DateTimeText>
  package var scopes: [TemporalRecord.Scopes]
  /// With any number of instances for each dataset.
  package var attributes: [EntityFragment.NamedFragments]
  package var given = GivenMembers()

  package var isEmpty: Bool { types.isEmpty && scopes.isEmpty && attributes.isEmpty }
}
