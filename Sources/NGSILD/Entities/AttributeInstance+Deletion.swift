import JSON

extension AttributeInstance {
  /// The instance as it is told of once it is gone: the NGSI-LD Null in the place of its value, and
  /// `deletedAt`.
  ///
  /// Standard: GS CIM 009, 4.5.0 and 5.8.6.
  package func deleted(at now: DateTime) -> AttributeInstance {
    var instance = self
    instance.value = Self.null(of: type)
    instance.members = [Member(name: .deletedAt, value: JSONValue(string: now.description))]
    instance.subAttributes = []
    instance.modifiedAt = now
    return instance
  }

  /// The instance with the value that `before` had beside its own (5.2.14.1).
  package func showing(previous before: AttributeInstance) -> AttributeInstance {
    var instance = self
    instance.members.append(Member(name: before.type.previousValueMember, value: before.value))
    return instance
  }

  /// The NGSI-LD Null in the form of the values of `type`.
  static func null(of type: AttributeType) -> JSONValue {
    type == .languageProperty ? nullMap : null
  }

  private static let null = JSONValue(string: "\(ngsildNull)")
  private static let nullMap = {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("@none")
    writer.string(ngsildNull)
    writer.endObject()
    return JSONValue(written: writer)
  }()
}

extension AttributeType {
  var previousValueMember: CoreMember {
    switch self {
    case .property, .geoProperty: .previousValue
    case .relationship: .previousObject
    case .languageProperty: .previousLanguageMap
    case .vocabProperty: .previousVocab
    case .listProperty: .previousValueList
    case .listRelationship: .previousObjectList
    case .jsonProperty: .previousJson
    }
  }
}
