package import JSON
package import JSONLD

/// One instance of an Attribute, told from the others by its `datasetId` (4.5.5).
///
/// A value that is one reference: instances are handed around far more often than they are changed.
package struct AttributeInstance: Sendable {
  private var content: Content

  package struct Member: Sendable {
    package let name: CoreMember
    package let value: JSONValue
  }

  package init(
    type: AttributeType, value: JSONValue, datasetId: IRI? = nil, members: [Member] = [],
    subAttributes: [Attribute] = [], createdAt: DateTime, modifiedAt: DateTime
  ) {
    content = Content(
      type: type, value: value, datasetId: datasetId, members: members,
      subAttributes: subAttributes, createdAt: createdAt, modifiedAt: modifiedAt)
  }

  package subscript(_ name: CoreMember) -> JSONValue? {
    members.first { $0.name == name }?.value
  }
}

extension AttributeInstance {
  package var type: AttributeType {
    get { content.type }
    set { ownContent.type = newValue }
  }

  /// What stands in the type's value member, in the form in which it is kept: IRIs in `vocab`,
  /// `{"object": URI}` in `objectList`, a geometry object in a GeoProperty.
  package var value: JSONValue {
    get { content.value }
    set { ownContent.value = newValue }
  }

  /// nil for the default instance.
  package var datasetId: IRI? {
    get { content.datasetId }
    set { ownContent.datasetId = newValue }
  }

  /// The other members that the standard gives a meaning, in the order in which they came.
  package var members: [Member] {
    get { content.members }
    _modify { yield &ownContent.members }
  }

  package var subAttributes: [Attribute] {
    get { content.subAttributes }
    _modify { yield &ownContent.subAttributes }
  }

  package var createdAt: DateTime {
    get { content.createdAt }
    set { ownContent.createdAt = newValue }
  }

  package var modifiedAt: DateTime {
    get { content.modifiedAt }
    set { ownContent.modifiedAt = newValue }
  }

  /// The content, which no other value shares from here on.
  private var ownContent: Content {
    mutating get {
      if !isKnownUniquelyReferenced(&content) { content = content.copy }
      return content
    }
  }

  /// `@unchecked Sendable`: changed only while one value alone refers to it.
  private final class Content: @unchecked Sendable {
    var type: AttributeType
    var value: JSONValue
    var datasetId: IRI?
    var members: [Member]
    var subAttributes: [Attribute]
    var createdAt: DateTime
    var modifiedAt: DateTime

    init(
      type: AttributeType, value: JSONValue, datasetId: IRI?, members: [Member],
      subAttributes: [Attribute], createdAt: DateTime, modifiedAt: DateTime
    ) {
      self.type = type
      self.value = value
      self.datasetId = datasetId
      self.members = members
      self.subAttributes = subAttributes
      self.createdAt = createdAt
      self.modifiedAt = modifiedAt
    }

    var copy: Content {
      Content(
        type: type, value: value, datasetId: datasetId, members: members,
        subAttributes: subAttributes, createdAt: createdAt, modifiedAt: modifiedAt)
    }
  }
}
