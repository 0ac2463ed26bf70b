import JSON
package import JSONLD

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

  /// The type that `term` names; nil for any other.
  package init?(_ term: CoreTerm) {
    switch term {
    case .Property: self = .property
    case .Relationship: self = .relationship
    case .GeoProperty: self = .geoProperty
    case .LanguageProperty: self = .languageProperty
    case .VocabProperty: self = .vocabProperty
    case .ListProperty: self = .listProperty
    case .ListRelationship: self = .listRelationship
    case .JsonProperty: self = .jsonProperty
    default: return nil
    }
  }

  /// The type that the value of a stored `type` member names; nil for any other.
  init?(stored name: JSONView) {
    guard let type = Self.allCases.first(where: { name.isString($0.term) }) else { return nil }
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

  /// Whether `member`, one that does not hold a value, may stand beside this type's value.
  func allows(_ member: CoreMember) -> Bool {
    switch member {
    case .unitCode: self == .property || self == .listProperty
    case .valueType: !isRelationship
    case .objectType: isRelationship
    case .entityIdSealed, .entityTypeSealed: self == .property
    default: true
    }
  }

  var isRelationship: Bool { self == .relationship || self == .listRelationship }
}
