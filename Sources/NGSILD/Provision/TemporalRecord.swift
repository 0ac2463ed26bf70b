package import JSONLD

/// What a client gives to the history of an Entity, beside what it gives to its current state.
///
/// Standard: Create or Update Temporal Evolution of an Entity, Add Attributes to it (GS CIM 009,
/// 5.6.11, 5.6.12).
package struct TemporalRecord: Sendable {
  package struct Instance: Sendable {
    package let name: IRI
    /// Of a deletion, with the NGSI-LD Null and `deletedAt`.
    package let instance: AttributeInstance

    package init(name: IRI, instance: AttributeInstance) {
      self.name = name
      self.instance = instance
    }

    package var isDeletion: Bool { instance[.deletedAt] != nil }
  }

  /// The scopes that an Entity had from an instant on; none from their removal on.
  package struct Scopes: Sendable {
    package let scopes: [String]
    /// nil for the instant at which they are written.
    package let observedAt: DateTimeText?
    /// As a Context Source says; nil for everyone else.
    package let changedAt: DateTime?

    package init(scopes: [String], observedAt: DateTimeText?, changedAt: DateTime? = nil) {
      self.scopes = scopes
      self.observedAt = observedAt
      self.changedAt = changedAt
    }
  }

  package init() {}

  package var instances: [Instance] = []
  package var scopes: [Scopes] = []
}
