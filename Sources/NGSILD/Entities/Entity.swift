import JSON
package import JSONLD

/// An Entity as the broker keeps it: names are IRIs, every Attribute has its type.
///
/// Values are references into the texts that they came from, so an Entity is cheap to change: what
/// an operation leaves alone is copied as bytes when it is written again.
///
/// Standard: GS CIM 009, 4.5.1, 5.2.4.
package struct Entity: Sendable {
  package let id: String
  /// At least one, without repetition, in the order in which they came.
  package var types: [IRI]
  /// As given: with or without the leading `/`.
  package var scopes: [String]
  package var expiresAt: DateTimeText?
  package var createdAt: DateTime
  package var modifiedAt: DateTime
  /// In the order in which they came.
  package var attributes: [Attribute]

  package init(
    id: String, types: [IRI], scopes: [String] = [], expiresAt: DateTimeText? = nil,
    createdAt: DateTime, modifiedAt: DateTime, attributes: [Attribute] = []
  ) {
    self.id = id
    self.types = types
    self.scopes = scopes
    self.expiresAt = expiresAt
    self.createdAt = createdAt
    self.modifiedAt = modifiedAt
    self.attributes = attributes
  }

  /// Whether `expiresAt` has come, so that the Entity is no longer served (4.22).
  package func isExpired(at now: DateTime) -> Bool {
    expiresAt.map { $0.instant <= now } ?? false
  }
}

/// All instances of one Attribute; the default one, if there is one, comes first.
package struct Attribute: Sendable {
  package let name: IRI
  package var instances: [AttributeInstance]

  package init(name: IRI, instances: [AttributeInstance]) {
    self.name = name
    self.instances = instances
  }
}

/// A DateTime with the text in which a client gave it, which is echoed unchanged (4.8).
package struct DateTimeText: Sendable, Hashable {
  package let text: String
  package let instant: DateTime

  /// A comma before the fraction becomes the point that answers have (4.6.3).
  ///
  /// - Throws: `badRequestData` unless `text` is a DateTime in UTC with a trailing `Z`.
  package init(parsing text: String, of member: String) throws(NGSILDError) {
    instant = try DateTime(parsing: text, of: member)
    self.text = text.contains(",") ? String(text.map { $0 == "," ? "." : $0 }) : text
  }
}
