package import JSON
package import JSONLD

/// A member of Entities and Attributes that the core @context defines and that is no Attribute.
///
/// Core terms cannot be redefined, so a member that is spelt like one is it (GS CIM 009, 4.4).
package enum CoreMember: UInt8, Sendable, CaseIterable {
  case context, id, type, scope, expiresAt, createdAt, modifiedAt, deletedAt
  case value, object, languageMap, vocab, json, valueList, objectList
  case datasetId, instanceId, observedAt, unitCode, valueType, objectType
  case entityIdSealed, entityTypeSealed
  case previousValue, previousObject, previousLanguageMap, previousVocab, previousJson
  case previousValueList, previousObjectList, entity, entityList

  static let namespace = "https://uri.etsi.org/ngsi-ld/"

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

  /// The IRI's part after the namespace, where it is not the term.
  private var localName: String {
    switch self {
    case .value: "hasValue"
    case .object: "hasObject"
    case .languageMap: "hasLanguageMap"
    case .vocab: "hasVocab"
    case .json: "hasJSON"
    case .valueList: "hasValueList"
    case .objectList: "hasObjectList"
    case .valueType: "hasValueType"
    case .objectType: "hasObjectType"
    case .previousValue: "hasPreviousValue"
    case .previousObject: "hasPreviousObject"
    case .previousLanguageMap: "hasPreviousLanguageMap"
    case .previousVocab: "hasPreviousVocab"
    case .previousJson: "hasPreviousJson"
    case .previousValueList: "hasPreviousValueList"
    case .previousObjectList: "hasPreviousObjectList"
    default: "\(term)"
    }
  }

  /// The member whose IRI is `iri`; nil for another.
  package init?(_ iri: IRI) {
    guard iri.text.hasPrefix(Self.namespace), let member = Self.byIRI[iri.text] else { return nil }
    self = member
  }

  /// The member that a JSON member's name spells as a term or keyword; nil for another.
  package init?(spelt name: JSONValue) {
    let found: CoreMember? = name.withContents { contents in
      guard contents.count < Self.byLength.count else { return nil }
      return Self.byLength[contents.count].first { $0.term.elementsEqual(contents) }?.member
    }
    guard let found else { return nil }
    self = found
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

  private static let byIRI: [String: CoreMember] = Dictionary(
    uniqueKeysWithValues: allCases.map { (namespace + $0.localName, $0) })

  private static let byLength: [[(term: [UInt8], member: CoreMember)]] = {
    var spellings = allCases.map { (Array("\($0.term)".utf8), $0) }
    spellings += [(Array("@id".utf8), .id), (Array("@type".utf8), .type)]
    var table = [[(term: [UInt8], member: CoreMember)]](repeating: [], count: 24)
    for (term, member) in spellings { table[term.count].append((term, member)) }
    return table
  }()
}
