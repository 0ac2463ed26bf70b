package import JSON
package import JSONLD

/// A member of Entities and Attributes that is no Attribute itself: those of the Core's terms that
/// cannot name one, and `@context`.
///
/// Standard: GS CIM 009, 4.4 and 4.5.1.
package enum CoreMember: UInt8, Sendable, CaseIterable {
  case context, id, type, scope, expiresAt, createdAt, modifiedAt, deletedAt
  case value, object, languageMap, vocab, json, valueList, objectList
  case datasetId, instanceId, observedAt, unitCode, valueType, objectType
  case entityIdSealed, entityTypeSealed
  case previousValue, previousObject, previousLanguageMap, previousVocab, previousJson
  case previousValueList, previousObjectList, entity, entityList

  package var term: StaticString {
    switch self {
    case .context: "@context"
    case .id: "id"
    case .type: "type"
    case .scope: "scope"
    case .expiresAt: "expiresAt"
    case .createdAt: "createdAt"
    case .modifiedAt: "modifiedAt"
    case .deletedAt: "deletedAt"
    case .value: "value"
    case .object: "object"
    case .languageMap: "languageMap"
    case .vocab: "vocab"
    case .json: "json"
    case .valueList: "valueList"
    case .objectList: "objectList"
    case .datasetId: "datasetId"
    case .instanceId: "instanceId"
    case .observedAt: "observedAt"
    case .unitCode: "unitCode"
    case .valueType: "valueType"
    case .objectType: "objectType"
    case .entityIdSealed: "entityIdSealed"
    case .entityTypeSealed: "entityTypeSealed"
    case .previousValue: "previousValue"
    case .previousObject: "previousObject"
    case .previousLanguageMap: "previousLanguageMap"
    case .previousVocab: "previousVocab"
    case .previousJson: "previousJson"
    case .previousValueList: "previousValueList"
    case .previousObjectList: "previousObjectList"
    case .entity: "entity"
    case .entityList: "entityList"
    }
  }

  /// The member that `term` names; nil for a term that names something else.
  package init?(_ term: CoreTerm) {
    switch term {
    case .id: self = .id
    case .type: self = .type
    case .scope: self = .scope
    case .expiresAt: self = .expiresAt
    case .createdAt: self = .createdAt
    case .modifiedAt: self = .modifiedAt
    case .deletedAt: self = .deletedAt
    case .value: self = .value
    case .object: self = .object
    case .languageMap: self = .languageMap
    case .vocab: self = .vocab
    case .json: self = .json
    case .valueList: self = .valueList
    case .objectList: self = .objectList
    case .datasetId: self = .datasetId
    case .instanceId: self = .instanceId
    case .observedAt: self = .observedAt
    case .unitCode: self = .unitCode
    case .valueType: self = .valueType
    case .objectType: self = .objectType
    case .entityIdSealed: self = .entityIdSealed
    case .entityTypeSealed: self = .entityTypeSealed
    case .previousValue: self = .previousValue
    case .previousObject: self = .previousObject
    case .previousLanguageMap: self = .previousLanguageMap
    case .previousVocab: self = .previousVocab
    case .previousJson: self = .previousJson
    case .previousValueList: self = .previousValueList
    case .previousObjectList: self = .previousObjectList
    case .entity: self = .entity
    case .entityList: self = .entityList
    default: return nil
    }
  }

  /// What a member's name means; nil for an Attribute's name.
  init?(_ member: Member) {
    switch member {
    case .coreTerm(let term): self.init(term)
    case .keyword("@context"): self = .context
    case .keyword, .name: return nil
    }
  }

  /// The member that these bytes spell as a term; for stored Entities, where no other spelling
  /// occurs.
  init?(stored term: UnsafeBufferPointer<UInt8>) {
    guard term.count > 1, let place = Self.place(of: term), let member = Self.byTerm[place],
      member.term.utf8CodeUnitCount == term.count
    else { return nil }
    let expected = member.term.utf8Start
    for index in 0..<term.count where expected[index] != term[index] { return nil }
    self = member
  }

  package init?(stored name: JSONValue) {
    guard let member = name.withContents({ CoreMember(stored: $0) }) else { return nil }
    self = member
  }

  package init?(term: String) {
    guard let member = Self.allCases.first(where: { "\($0.term)" == term }) else { return nil }
    self = member
  }

  /// Whether it may be given as a string by a client and is then ignored, since the broker sets it.
  var isSystemGenerated: Bool {
    switch self {
    case .createdAt, .modifiedAt, .deletedAt, .instanceId: true
    default: false
    }
  }

  /// Whether it belongs to Attributes alone, so that an object that has it is no value (4.5.2.3).
  var isReservedForAttributes: Bool {
    switch self {
    case .context, .id, .type, .scope: false
    default: true
    }
  }

  /// The type of Attribute whose value this member holds; nil for another member.
  var attributeType: AttributeType? {
    switch self {
    case .value: .property
    case .object: .relationship
    case .languageMap: .languageProperty
    case .vocab: .vocabProperty
    case .json: .jsonProperty
    case .valueList: .listProperty
    case .objectList: .listRelationship
    default: nil
    }
  }

  /// Members by `place(of:)` of their terms.
  private static let byTerm: [CoreMember?] = {
    var table = [CoreMember?](repeating: nil, count: 128)
    for member in allCases {
      let place = member.term.withUTF8Buffer { Self.place(of: $0) } ?? 0
      precondition(table[place] == nil, "\(member.term) shares the place of another term")
      table[place] = member
    }
    return table
  }()

  /// A number that differs between all terms, from their length and two bytes; nil for long names.
  private static func place(of term: UnsafeBufferPointer<UInt8>) -> Int? {
    guard term.count < 24 else { return nil }
    return (term.count + 7 * Int(term[0]) + 26 * Int(term[term.count - 2])) & 127
  }
}

/// Members that were seen.
struct CoreMemberSet {
  private var bits: UInt64 = 0

  /// Whether `member` was not there before.
  mutating func insert(_ member: CoreMember) -> Bool {
    let bit = UInt64(1) << member.rawValue
    defer { bits |= bit }
    return bits & bit == 0
  }
}
