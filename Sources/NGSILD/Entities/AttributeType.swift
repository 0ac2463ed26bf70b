/// The kinds of Attribute and the member that holds each one's value.
///
/// Standard: GS CIM 009, 4.5.2, 4.5.3, 4.5.18, 4.5.20 to 4.5.24, 4.7.
package enum AttributeType: UInt8, Sendable, CaseIterable {
  case property = 1
  case relationship
  case geoProperty
  case languageProperty
  case vocabProperty
  case listProperty
  case listRelationship
  case jsonProperty

  package var term: StaticString {
    switch self {
    case .property: "Property"
    case .relationship: "Relationship"
    case .geoProperty: "GeoProperty"
    case .languageProperty: "LanguageProperty"
    case .vocabProperty: "VocabProperty"
    case .listProperty: "ListProperty"
    case .listRelationship: "ListRelationship"
    case .jsonProperty: "JsonProperty"
    }
  }

  /// The type whose term or IRI is `text`; nil for any other.
  package init?(_ text: String) {
    let term =
      text.hasPrefix(CoreMember.namespace) ? text.dropFirst(CoreMember.namespace.count) : text[...]
    guard let type = AttributeType.allCases.first(where: { "\($0.term)" == term }) else {
      return nil
    }
    self = type
  }

  package var valueMember: CoreMember {
    switch self {
    case .property, .geoProperty: .value
    case .relationship: .object
    case .languageProperty: .languageMap
    case .vocabProperty: .vocab
    case .listProperty: .valueList
    case .listRelationship: .objectList
    case .jsonProperty: .json
    }
  }

  /// Whether `unitCode` may stand beside the value.
  var hasUnitCode: Bool { self == .property || self == .listProperty }

  var isRelationship: Bool { self == .relationship || self == .listRelationship }
}
