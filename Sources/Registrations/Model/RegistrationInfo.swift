package import JSONLD
package import NGSILDQuery

/// What a source has: Attributes of Entities.
///
/// Standard: GS CIM 009, 5.2.10.
package struct RegistrationInfo: Sendable, Hashable {
  /// Any of them; empty for any Entity.
  package var entities: [EntityInfo]
  package let propertyNames: [IRI]
  package let relationshipNames: [IRI]
  /// Both lists in one, since which list a name is in makes no difference (5.12); empty for any
  /// Attribute.
  package let attributes: [IRI]

  package init(entities: [EntityInfo], propertyNames: [IRI] = [], relationshipNames: [IRI] = []) {
    self.entities = entities
    self.propertyNames = propertyNames
    self.relationshipNames = relationshipNames
    attributes = propertyNames + relationshipNames.filter { !propertyNames.contains($0) }
  }
}

/// Which Entities: those of the types, and, if given, with the id or an id that matches.
///
/// Standard: GS CIM 009, 5.2.8.
package struct EntityInfo: Sendable, Hashable {
  /// Empty for any; Choice: the standard wants one, but registrations in the field name an id
  /// alone.
  package let types: [IRI]
  package let id: IRI?
  /// Without effect beside `id`.
  package let idPattern: Pattern?

  package init(types: [IRI], id: IRI? = nil, idPattern: Pattern? = nil) {
    self.types = types
    self.id = id
    self.idPattern = idPattern
  }
}
