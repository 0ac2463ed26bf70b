import JSON
import JSONLD
import NGSILD
import Testing

/// One operation on a stored Entity: members before, members of the body, members after.
struct ProvisionCase: Sendable, CustomTestStringConvertible {
  let operation: Provision
  let stored: String
  let given: String
  let expected: String
  var notUpdated: [String] = []

  init(
    _ operation: Provision, _ stored: String, _ given: String, _ expected: String,
    notUpdated: [String] = []
  ) {
    self.operation = operation
    self.stored = stored
    self.given = given
    self.expected = expected
    self.notUpdated = notUpdated
  }

  var testDescription: String { "\(operation): \(stored) + \(given)" }
}

@Suite("Provision operations on a stored Entity (5.6)")
struct ProvisionTests {
  private static let twoInstances = #""a":[{"value":1},{"value":2,"datasetId":"urn:d:2"}]"#
  private static let cases: [ProvisionCase] = [
    // Attributes by operation.
    .init(.upsertReplace, #""a":1,"b":2"#, #""a":3"#, #""a":3"#),
    .init(.upsertUpdate, #""a":1,"b":2"#, #""a":3"#, #""a":3,"b":2"#),
    .init(.appendAttributes, #""a":1"#, #""a":3,"b":2"#, #""a":3,"b":2"#),
    .init(
      .appendNoOverwrite, #""a":1"#, #""a":3,"b":2"#, #""a":1,"b":2"#,
      notUpdated: [vocabulary + "a"]),
    .init(
      .appendNoOverwrite, twoInstances,
      #""a":[{"value":3},{"value":4,"datasetId":"urn:d:2"},{"value":5,"datasetId":"urn:d:3"}]"#,
      #""a":[{"value":1},{"value":2,"datasetId":"urn:d:2"},{"value":5,"datasetId":"urn:d:3"}]"#,
      notUpdated: [vocabulary + "a"]),
    .init(.updateAttributes, #""a":1"#, #""a":3,"b":2"#, #""a":3,"b":2"#),
    .init(.updateAttributes, #""a":1,"b":2"#, #""a":"urn:ngsi-ld:null""#, #""b":2"#),
    .init(.updateAttributes, #""a":1"#, #""b":"urn:ngsi-ld:null""#, #""a":1"#),
    .init(
      .updateAttributes, #""a":1"#, #""a":{"value":2,"unitCode":"urn:ngsi-ld:null"}"#, #""a":2"#),
    .init(.replaceEntity, #""a":1,"b":2"#, #""c":3"#, #""c":3"#),
    .init(.replaceAttribute, #""a":{"value":1,"unitCode":"x"}"#, #""value":3"#, #""a":3"#),
    .init(.replaceAttribute, #""a":1"#, #""object":"urn:x:2""#, #""a":{"object":"urn:x:2"}"#),
    .init(.replaceAttribute, #""a":1"#, #""a":{"value":3}"#, #""a":3"#),
    .init(.replaceAttribute, #""a":1"#, #""@context":{},"value":3"#, #""a":3"#),
    .init(.replaceAttribute, #""a":1"#, #""x":3"#, #""a":{"x":3}"#),
    .init(.updateAttribute, #""a":1"#, #""@context":"x","value":3"#, #""a":3"#),
    .init(.updateAttribute, #""a":1"#, #""a":{"value":3}"#, #""a":3"#),
    .init(
      .updateAttribute, #""a":1"#, #""p":{"value":3}"#,
      #""a":{"value":1,"p":{"type":"Property","value":3}}"#),
    .init(.updateAttribute, #""a":1,"b":1"#, #""value":"urn:ngsi-ld:null""#, #""b":1"#),
    .init(
      .updateAttribute, #""a":{"languageMap":{"en":"x"}},"b":1"#,
      #""languageMap":{"@none":"urn:ngsi-ld:null"}"#, #""b":1"#),
    .init(
      .updateAttribute, #""a":{"value":1,"unitCode":"x","s":2}"#,
      #""unitCode":"urn:ngsi-ld:null","s":"urn:ngsi-ld:null""#, #""a":1"#),
    .init(
      .updateAttribute, #""a":{"type":"Property","value":1}"#,
      #""value":{"type":"Point","coordinates":[1,2]}"#,
      #""a":{"type":"Property","value":{"type":"Point","coordinates":[1,2]}}"#),

    // Instances.
    .init(
      .appendAttributes, #""a":1"#, #""a":{"value":2,"datasetId":"urn:d:2"}"#, twoInstances),
    .init(
      .appendNoOverwrite, #""a":1"#, #""a":{"value":2,"datasetId":"urn:d:2"}"#, twoInstances),
    .init(
      .updateAttributes, twoInstances, #""a":{"value":3,"datasetId":"urn:d:2"}"#,
      #""a":[{"value":1},{"value":3,"datasetId":"urn:d:2"}]"#),
    .init(
      .updateAttributes, twoInstances, #""a":"urn:ngsi-ld:null""#,
      #""a":{"value":2,"datasetId":"urn:d:2"}"#),
    .init(
      .updateAttributes, twoInstances,
      #""a":{"value":"urn:ngsi-ld:null","datasetId":"urn:d:2"}"#, #""a":1"#),
    .init(
      .updateAttributes, #""a":{"value":2,"datasetId":"urn:d:2"}"#, #""a":1"#, twoInstances),
    .init(
      .updateAttribute, twoInstances, #""value":3,"datasetId":"urn:d:2""#,
      #""a":[{"value":1},{"value":3,"datasetId":"urn:d:2"}]"#),
    .init(
      .updateAttribute, twoInstances, #""value":3,"datasetId":"@none""#,
      #""a":[{"value":3},{"value":2,"datasetId":"urn:d:2"}]"#),
    .init(
      .replaceAttribute, twoInstances, #""value":3,"datasetId":"urn:d:2""#,
      #""a":[{"value":1},{"value":3,"datasetId":"urn:d:2"}]"#),
    .init(.upsertReplace, twoInstances, #""a":3"#, #""a":3"#),
    .init(
      .upsertUpdate, twoInstances, #""a":3"#,
      #""a":[{"value":3},{"value":2,"datasetId":"urn:d:2"}]"#),
    .init(
      .mergeEntity, twoInstances, #""a":[{"value":3},{"value":4,"datasetId":"urn:d:4"}]"#,
      #""a":[{"value":3},{"value":2,"datasetId":"urn:d:2"},{"value":4,"datasetId":"urn:d:4"}]"#),

    // scope (1.5).
    .init(.updateAttributes, #""scope":"/a""#, #""scope":"/b""#, #""scope":"/b""#),
    .init(.updateAttributes, "", #""scope":"/b""#, "", notUpdated: ["scope"]),
    .init(.updateAttributes, #""scope":"/a""#, #""scope":"urn:ngsi-ld:null""#, ""),
    .init(.upsertUpdate, "", #""scope":"/b""#, "", notUpdated: ["scope"]),
    .init(.appendAttributes, #""scope":"/a""#, #""scope":"/b""#, #""scope":"/b""#),
    .init(.appendAttributes, "", #""scope":"/b""#, #""scope":"/b""#),
    .init(
      .appendNoOverwrite, #""scope":"/a""#, #""scope":["/b","a"]"#, #""scope":["/a","/b"]"#),
    .init(.replaceEntity, #""scope":"/a""#, "", ""),
    .init(.upsertReplace, #""scope":"/a""#, #""scope":"/b""#, #""scope":"/b""#),
    .init(.mergeEntity, #""scope":"/a""#, #""scope":"/b""#, #""scope":"/b""#),
    .init(.mergeEntity, "", #""scope":"/b""#, #""scope":"/b""#),
    .init(.mergeEntity, #""scope":"/a""#, #""scope":"urn:ngsi-ld:null""#, ""),
    .init(.mergeEntity, #""scope":"/a""#, #""a":1"#, #""scope":"/a","a":1"#),

    // Nothing but a type, or nothing at all.
    .init(.mergeEntity, #""a":1"#, #""type":"T""#, #""a":1"#),
    .init(.mergeEntity, #""a":1"#, "", #""a":1"#),
    .init(.updateAttributes, #""a":1"#, #""type":"T""#, #""a":1"#),
    .init(.updateAttributes, #""a":1"#, #""createdAt":"2020-01-01T00:00:00Z""#, #""a":1"#),
  ]

  @Test("change what the standard says", arguments: cases)
  func changes(_ given: ProvisionCase) throws {
    let stored = try Entity(given.stored)
    let operation = try given.operation.operation(given.given)
    let result = try operation.apply(to: stored, id: stored.id, at: changed)
    #expect(try result.change.after?.members == Entity(given.expected).members)
    #expect(result.notUpdated.map(\.name) == given.notUpdated)
    #expect(result.change.after?.createdAt == created)
    #expect(result.change.after?.modifiedAt == changed || given.notUpdated == ["scope"])
  }

  @Test(
    "refuse what does not fit the stored Entity",
    arguments: [
      (Provision.createEntity, #""a":1"#, #""a":1"#, NGSILDError.Kind.alreadyExists),
      (.updateAttribute, #""b":1"#, #""value":2"#, .resourceNotFound),
      (.updateAttribute, #""a":1"#, #""value":2,"datasetId":"urn:d:2""#, .resourceNotFound),
      (
        .updateAttribute, #""a":{"value":1,"datasetId":"urn:d:2"}"#, #""value":2"#,
        .resourceNotFound
      ),
      (.updateAttribute, #""a":1"#, #""object":"urn:x:2""#, .badRequestData),
      (.updateAttribute, #""a":1"#, #""type":"Relationship""#, .badRequestData),
      (.updateAttribute, #""a":1"#, #""objectType":"T""#, .badRequestData),
      (.updateAttribute, #""a":{"object":"urn:x:2"}"#, #""value":2"#, .badRequestData),
      (.updateAttribute, #""a":{"object":"urn:x:2"}"#, #""unitCode":"x""#, .badRequestData),
      (
        .updateAttribute, #""a":{"languageMap":{"en":"x"}}"#, #""valueType":"x""#, .badRequestData
      ),
      (
        .updateAttribute, #""a":{"value":{"type":"Point","coordinates":[1,2]}}"#, #""value":2"#,
        .badRequestData
      ),
      (.replaceAttribute, #""b":1"#, #""value":2"#, .resourceNotFound),
      (.replaceAttribute, #""a":1"#, #""value":2,"datasetId":"urn:d:2""#, .resourceNotFound),
      (.mergeEntity, #""a":1"#, #""a":{"object":"urn:x:2"}"#, .badRequestData),
      (.mergeEntity, #""a":{"object":"urn:x:2"}"#, #""a":5"#, .badRequestData),
      (.mergeEntity, #""a":{"object":"urn:x:2"}"#, #""a":{"unitCode":"x"}"#, .badRequestData),
      (.mergeEntity, #""b":1"#, #""a":{"unitCode":"x"}"#, .badRequestData),
      (.mergeEntity, #""a":1"#, #""a":{"x":[{"y":"urn:ngsi-ld:null"}]}"#, .badRequestData),
      (.mergeEntity, #""b":1"#, #""a":{"x":[{"y":"urn:ngsi-ld:null"}]}"#, .badRequestData),
      (.mergeEntity, #""a":1"#, #""a":{"x-y":1}"#, .badRequestData),
      (.mergeEntity, #""a":{"languageMap":{"en":"x"}}"#, #""a":"y""#, .badRequestData),
      (
        .mergeEntity, #""a":{"value":1,"s":1}"#, #""a":{"s":{"object":"urn:x:2"}}"#, .badRequestData
      ),
    ])
  func refusal(
    operation: Provision, stored: String, given: String, kind: NGSILDError.Kind
  ) throws {
    let stored = try Entity(stored)
    let operation = try operation.operation(given)
    #expect(expectRefusal(kind) { _ = try operation.apply(to: stored, id: "urn:x:1", at: changed) })
  }

  @Test(
    "refuse a body before the stored Entity is looked at",
    arguments: [
      (Provision.updateAttribute, ""), (.updateAttribute, #""@context":{}"#),
      (.updateAttribute, #""id":"urn:x:1","value":1"#), (.updateAttribute, #""value":null"#),
      (.updateAttribute, #""value":1,"datasetId":"urn:ngsi-ld:null""#),
      (.updateAttribute, #""value":{"x":"urn:ngsi-ld:null"}"#),
      (.updateAttribute, #""s":{"unitCode":"x"}"#),
      (.replaceAttribute, ""), (.replaceAttribute, #""id":"urn:x:1","value":1"#),
      (.replaceAttribute, #""unitCode":"x""#), (.replaceAttribute, #""value":"urn:ngsi-ld:null""#),
      (.replaceAttribute, #""a":{"value":1},"b":{"value":1}"#),
      (.mergeEntity, #""a":{"value":1,"datasetId":"urn:ngsi-ld:null"}"#),
      (.mergeEntity, #""a":[1,"urn:ngsi-ld:null"]"#), (.mergeEntity, #""a":null"#),
      (.mergeEntity, #""a":{"value":{"type":"Point","coordinates":[1]}}"#),
      (.mergeEntity, #""a":[{"x":"urn:ngsi-ld:null"}]"#),
      (.mergeEntity, #""a":{"@type":"x","@value":"urn:ngsi-ld:null"}"#),
      (.mergeEntity, #""a":{"type":"Point","coordinates":[1,2],"x":"urn:ngsi-ld:null"}"#),
      (.mergeSimplified, #""a":null"#), (.mergeSimplified, #""a":{"dataset":{"x":1}}"#),
    ])
  func badBody(operation: Provision, given: String) {
    #expect(expectRefusal { _ = try operation.operation(given) })
  }

  @Test("an Attribute Fragment is an object", arguments: ["5", "[]", #"[{"value":1}]"#, #""x""#])
  func noObject(body: String) {
    for rules: FragmentRules in [.partial, .complete] {
      #expect(
        expectRefusal {
          _ = try FragmentParser(context: .core, rules: rules)
            .attributeFragment(JSONValue(parsing: body), named: "a")
        })
    }
  }

  @Test("an Attribute Fragment is for an Attribute", arguments: ["@invalid", "type", "a b", ""])
  func invalidName(name: String) {
    #expect(
      expectRefusal {
        _ = try FragmentParser(context: .core, rules: .complete)
          .attributeFragment(JSONValue(parsing: #"{"value":1}"#), named: name)
      })
  }

  // MARK: Existence

  @Test("only create and upsert work without an Entity", arguments: Provision.allCases)
  func absence(operation: Provision) throws {
    let given =
      operation == .updateAttribute || operation == .replaceAttribute ? #""value":1"# : #""a":1"#
    let operation = try operation.operation(given)
    let expired = try Entity(#""a":1,"b":2,"expiresAt":"2026-01-15T00:00:00Z""#)
    for stored in [nil, expired] {
      switch operation {
      case .create, .upsert:
        let change = try operation.apply(to: stored, id: "urn:x:1", at: changed).change
        #expect(change.before == nil)
        #expect(change.after?.createdAt == changed)
        #expect(try change.after?.members == Entity(#""a":1"#).members)
        #expect(change.attributes.map { $0.before == nil } == [true])
        #expect(change.expired.count == (stored == nil ? 0 : 2))
      default:
        #expect(
          expectRefusal(.resourceNotFound) {
            _ = try operation.apply(to: stored, id: "urn:x:1", at: changed)
          })
      }
    }
  }

  @Test("an Entity needs a type where it is complete")
  func missingType() throws {
    let fragment = try parse(#"{"id":"urn:x:1","a":1}"#)
    let entity = try Entity("")
    for stored in [nil, entity] {
      #expect(
        expectRefusal {
          _ = try EntityOperation.upsert(fragment, mode: .replace)
            .apply(to: stored, id: "urn:x:1", at: changed)
        })
    }
    #expect(
      expectRefusal {
        _ = try EntityOperation.replaceEntity(fragment)
          .apply(to: entity, id: "urn:x:1", at: changed)
      })
  }

  @Test(
    "types are added, or replaced with the whole Entity",
    arguments: [
      (Provision.upsertReplace, ["U"]), (.replaceEntity, ["U"]), (.upsertUpdate, ["T", "U"]),
      (.appendAttributes, ["T", "U"]), (.appendNoOverwrite, ["T", "U"]),
      (.updateAttributes, ["T", "U"]), (.mergeEntity, ["T", "U"]), (.mergeSimplified, ["T", "U"]),
    ])
  func types(operation: Provision, expected: [String]) throws {
    let fragment = try parse(#"{"type":["U"]}"#, operation.rules)
    let operation: EntityOperation =
      switch operation {
      case .upsertReplace: .upsert(fragment, mode: .replace)
      case .upsertUpdate: .upsert(fragment, mode: .update)
      case .replaceEntity: .replaceEntity(fragment)
      case .appendAttributes: .appendAttributes(fragment, overwrite: true)
      case .appendNoOverwrite: .appendAttributes(fragment, overwrite: false)
      case .updateAttributes: .updateAttributes(fragment)
      default: .mergeEntity(fragment, MergeOptions())
      }
    let entity = try Entity("").applying(operation)
    #expect(entity.types == expected.map { IRI(vocabulary + $0) })
  }

  @Test(
    "expiresAt of the Entity is set, kept or cleared",
    arguments: [
      (Provision.upsertReplace, "", nil as String?), (.replaceEntity, "", nil),
      (.updateAttributes, "", "2030-01-01T00:00:00Z"), (.mergeEntity, "", "2030-01-01T00:00:00Z"),
      (.appendAttributes, "", "2030-01-01T00:00:00Z"),
      (.updateAttributes, #""expiresAt":"2040-01-01T00:00:00Z""#, "2040-01-01T00:00:00Z"),
      (.appendAttributes, #""expiresAt":"2040-01-01T00:00:00Z""#, "2040-01-01T00:00:00Z"),
      (.mergeEntity, #""expiresAt":"2040-01-01T00:00:00Z""#, "2040-01-01T00:00:00Z"),
      (.mergeEntity, #""expiresAt":"urn:ngsi-ld:null""#, nil),
      (.updateAttributes, #""expiresAt":"urn:ngsi-ld:null""#, nil),
    ])
  func expiresAt(operation: Provision, given: String, expected: String?) throws {
    let stored = try Entity(#""a":1,"expiresAt":"2030-01-01T00:00:00Z""#)
    #expect(try stored.applying(operation.operation(given)).expiresAt?.text == expected)
  }

  // MARK: Deletion

  @Test(
    "instances are deleted as they are selected",
    arguments: [
      (EntityOperation.InstanceSelection.one(datasetId: nil), ["urn:d:2"] as [IRI?]?),
      (.one(datasetId: "urn:d:2"), [nil]), (.all, []), (.one(datasetId: "urn:d:3"), nil),
    ])
  func deleteAttribute(
    selection: EntityOperation.InstanceSelection, left: [IRI?]?
  ) throws {
    let stored = try Entity(Self.twoInstances)
    let operation = EntityOperation.deleteAttribute(IRI(vocabulary + "a"), selection)
    guard let left else {
      #expect(expectRefusal(.resourceNotFound) { _ = try stored.applying(operation) })
      return
    }
    let entity = try stored.applying(operation)
    #expect((entity.attribute("a")?.instances ?? []).map(\.datasetId) == left)
    #expect(entity.attributes.count == (left.isEmpty ? 0 : 1))
  }

  @Test("an absent Attribute cannot be deleted")
  func deleteAbsent() throws {
    for selection: EntityOperation.InstanceSelection in [.all, .one(datasetId: nil)] {
      let operation = EntityOperation.deleteAttribute(IRI(vocabulary + "b"), selection)
      #expect(expectRefusal(.resourceNotFound) { _ = try Entity(#""a":1"#).applying(operation) })
    }
  }

  @Test("a scope is deleted if there is one")
  func deleteScope() throws {
    #expect(try Entity(#""scope":"/a""#).applying(.deleteScope).scopes.isEmpty)
    #expect(expectRefusal(.resourceNotFound) { _ = try Entity("").applying(.deleteScope) })
  }

  @Test("a deleted Entity takes all its instances along")
  func delete() throws {
    let stored = try Entity(Self.twoInstances + #","b":1"#)
    let change = try EntityOperation.delete.apply(to: stored, id: stored.id, at: changed).change
    #expect(change.before != nil && change.after == nil)
    #expect(change.attributes.map { $0.after == nil } == [true, true, true])
    #expect(change.attributes.map(\.datasetId) == [nil, "urn:d:2", nil])
  }

  // MARK: Changes and times

  @Test("each written instance is a change, with what it was")
  func changeList() throws {
    let stored = try Entity(#""a":1,"b":2,"c":3"#)
    let operation = try Provision.updateAttributes.operation(
      #""a":1,"b":"urn:ngsi-ld:null","d":4,"e":"urn:ngsi-ld:null""#)
    let change = try operation.apply(to: stored, id: stored.id, at: changed).change
    #expect(change.attributes.map(\.name.text) == ["a", "b", "d"].map { vocabulary + $0 })
    #expect(change.attributes.map { $0.before?.value.rawText } == ["1", "2", nil])
    #expect(change.attributes.map { $0.after?.value.rawText } == ["1", nil, "4"])
    #expect(change.attributes.map(\.isDifferent) == [false, true, true])
    #expect(change.before?.stored == stored.stored)
  }

  @Test(
    "a replaced or changed instance keeps createdAt",
    arguments: Provision.allCases.filter { $0 != .createEntity && $0 != .appendNoOverwrite })
  func createdAt(operation: Provision) throws {
    let isOnAttribute = operation == .updateAttribute || operation == .replaceAttribute
    let simplified = operation == .mergeSimplified
    let given =
      isOnAttribute
      ? #""value":2,"s":2"# : simplified ? #""a":2,"c":1"# : #""a":{"value":2,"s":2},"c":1"#
    let entity = try Entity(#""a":{"value":1,"s":1},"b":1"#).applying(operation.operation(given))
    let a = entity.attribute("a")?.instances[0]
    #expect(entity.createdAt == created && entity.modifiedAt == changed)
    #expect(a?.createdAt == created && a?.modifiedAt == changed)
    let b = entity.attribute("b")?.instances[0]
    #expect(b == nil || b?.createdAt == created && b?.modifiedAt == created)
    let c = entity.attribute("c")?.instances[0]
    #expect(isOnAttribute || c?.createdAt == changed && c?.modifiedAt == changed)
  }

  @Test("at creation all times are the same")
  func creationTimes() throws {
    let entity = try Entity(#""a":{"value":1,"s":{"value":1,"t":1}}"#)
    let times = try entity.shown(as: Representation(showsSystemAttributes: true, context: .core))
    #expect(times.matches(of: /"createdAt":"2026-01-01T00:00:00Z"/).count == 4)
    #expect(times.matches(of: /"modifiedAt":"2026-01-01T00:00:00Z"/).count == 4)
  }

  @Test("an Attribute that was deleted and comes again has a new createdAt")
  func recreation() throws {
    let entity = try Entity(#""a":1"#)
      .applying(Provision.updateAttributes.operation(#""a":"urn:ngsi-ld:null""#))
      .applying(Provision.appendAttributes.operation(#""a":1"#))
    #expect(entity.attribute("a")?.instances[0].createdAt == changed)
  }

  @Test("many Attributes are changed by name")
  func manyAttributes() throws {
    let members = { (value: Int) in
      (0..<500).map { #""a\#($0)":\#(value)"# }.joined(separator: ",")
    }
    let stored = try Entity(members(1))
    let deleted = (0..<499).map { #""a\#($0)":"urn:ngsi-ld:null""# }.joined(separator: ",")
    let entity = try stored.applying(Provision.updateAttributes.operation(members(2)))
      .applying(Provision.updateAttributes.operation(deleted + #","b":3"#))
    #expect(try entity.members == Entity(#""a499":2,"b":3"#).members)
  }
}
