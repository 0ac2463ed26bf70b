import DistributedOperations
import JSON
import JSONLD
import NGSILD
import Registrations
import Subscriptions
import Testing

@Suite("A source gets the part of a Subscription that it has registered (5.8.1.4)")
struct SubscriptionPlanTests {
  @Test(
    "a copy asks for no more than is registered",
    arguments: [
      CopyCase(
        "registered Attributes are watched and told where all are",
        #""entities":[{"type":"Vehicle"}]"#, ["Vehicle"], attributes: ["speed"],
        #""entities":[{"type":"Vehicle"}],"watchedAttributes":["speed"]"#, telling: ["speed"]),
      CopyCase(
        "the Attributes in common",
        #""entities":[{"type":"Vehicle"}],"watchedAttributes":["speed","name"]"#, ["Vehicle"],
        attributes: ["speed", "other"],
        #""entities":[{"type":"Vehicle"}],"watchedAttributes":["speed"]"#,
        telling: ["other", "speed"]),
      CopyCase(
        "no watched Attribute is registered", #""watchedAttributes":["name"]"#, ["Vehicle"],
        attributes: ["speed"], nil),
      CopyCase(
        "registered types where none are asked for", #""watchedAttributes":["speed"]"#,
        ["Vehicle"], #""entities":[{"type":"Vehicle"}],"watchedAttributes":["speed"]"#),
      CopyCase(
        "the types in common", #""entities":[{"type":"Vehicle|Building"}]"#, ["Vehicle"],
        #""entities":[{"type":"Vehicle"}]"#),
      CopyCase("no types in common", #""entities":[{"type":"Building"}]"#, ["Vehicle"], nil),
      CopyCase(
        "registered ids, one selector each", #""entities":[{"type":"Vehicle"}]"#,
        ["Vehicle urn:v:1", "Vehicle urn:v:2"],
        #""entities":[{"id":"urn:v:1","type":"Vehicle"},{"id":"urn:v:2","type":"Vehicle"}]"#),
      CopyCase(
        "an id that the registered pattern excludes",
        #""entities":[{"type":"Vehicle","id":"urn:w:1"}]"#, ["Vehicle ~^urn:v:"], nil),
      CopyCase(
        "two patterns always have something in common",
        #""entities":[{"type":"Vehicle","idPattern":"^urn:"}]"#, ["Vehicle ~^urn:v:"],
        #""entities":[{"idPattern":"^urn:","type":"Vehicle"}]"#),
      CopyCase(
        "conditions go along",
        #""entities":[{"type":"Vehicle"}],"q":"speed>50","scopeQ":"/A","throttling":5"#,
        ["Vehicle"],
        #""entities":[{"type":"Vehicle"}],"q":"speed>50.0","scopeQ":"/A""#),
    ])
  func reduction(_ example: CopyCase) throws {
    #expect(try example.copies() == example.expected.map { [$0] } ?? [])
  }

  @Test("conditions on split Entities stay here, and so does what is to be told")
  func split() throws {
    let subscription = try subscription(
      #""entities":[{"type":"Vehicle"}],"q":"speed>50","splitEntities":true"#,
      notification: #""pick":["id","speed"],"#)
    let copies = try plan(subscription, [registration()])
    let copy = try #require(copies.first).subscription.written(naming: .core)
    #expect(copy["q"] == nil)
    #expect(copy["splitEntities"]?.boolean == true)
    #expect(copy["notification"]?["attributes"] == nil)
    #expect(copy["notification"]?["pick"] == nil)
  }

  @Test("what the subscriber gave for itself stays here")
  func secrets() throws {
    let subscription = try subscription(
      #""entities":[{"type":"Vehicle"}],"subscriptionName":"mine""#,
      notification: #""format":"simplified","pick":["speed"],"#,
      endpoint: #""receiverInfo":[{"key":"Authorization","value":"secret"}],"timeout":5,"#)
    let copy = try #require(plan(subscription, [registration()]).first)
      .subscription.written(naming: .core)
    #expect(!copy.rawText.contains("secret") && !copy.rawText.contains("mine"))
    #expect(copy["notification"]?["endpoint"]?.rawText == #"{"uri":"http://here.example/notify"}"#)
    #expect(copy["notification"]?["attributes"]?.rawText == #"["speed"]"#)
    #expect(copy["notification"]?["format"] == nil)
    #expect(copy["notification"]?["sysAttrs"]?.boolean == true)
  }

  @Test(
    "who gets no copy",
    arguments: [
      (#""localOnly":true"#, "", []), (#""timeInterval":5"#, "", []),
      ("", #","operations":["retrieveOps"]"#, []),
      ("", #","contextSourceAlias":"far""#, ["1.1 far"]),
      ("", #","observationInterval":{"startAt":"2026-01-01T00:00:00Z"}"#, []),
      (#""scopeQ":"/A""#, #","scope":"/B""#, []),
      (#""csf":"owner==\"me\"""#, #","owner":"you""#, []),
      (#""datasetId":["urn:d:1"]"#, #","datasetId":["urn:d:2"]"#, []),
      (#""expiresAt":"2026-01-01T00:00:00Z""#, "", []),
    ] as [(String, String, [String])])
  func nobody(members: String, source: String, via: [String]) throws {
    let comma = members.isEmpty ? "" : ","
    let subscription = try subscription(#""entities":[{"type":"Vehicle"}]\#(comma)\#(members)"#)
    let source = try registration(source)
    let later = try DateTime(parsing: "2026-06-01T00:00:00Z", of: "")
    #expect(try plan(subscription, [source], via: via, at: later).isEmpty)
    let other = try SubscriptionsFixture.subscription(#""entities":[{"type":"Vehicle"}]"#)
    #expect(try plan(other, [registration()]).count == 1)
  }

  @Test("parts with differing Attributes are copies of their own, others are one")
  func parts() throws {
    let source = try registration(
      information: """
        {"entities":[{"type":"Vehicle"}],"propertyNames":["speed"]},
        {"entities":[{"type":"Room"}],"propertyNames":["size"]},
        {"entities":[{"type":"Car"}],"propertyNames":["speed"]}
        """)
    let subscription = try subscription(#""entities":[{"type":"Vehicle|Room|Car"}]"#)
    let copies = try plan(subscription, [source])
    #expect(copies.map(\.part) == [0, 1])
    #expect(
      copies.map { $0.subscription.written(naming: .core)["entities"]?.rawText } == [
        #"[{"type":"Vehicle"},{"type":"Car"}]"#, #"[{"type":"Room"}]"#,
      ])
  }

  @Test(
    "an update names what differs, and removes what is no more",
    arguments: [
      (#""q":"speed>1""#, #""q":"speed>2""#, #"{"q":"speed>2.0"}"#),
      (#""q":"speed>1""#, "", #"{"q":"urn:ngsi-ld:null"}"#),
      ("", #""isActive":false"#, #"{"isActive":false}"#),
      ("", "", nil),
      (#""throttling":1"#, #""throttling":2"#, nil),
    ] as [(String, String, String?)])
  func update(before: String, after: String, expected: String?) throws {
    let copies = try [before, after].map { members in
      let comma = members.isEmpty ? "" : ","
      let subscription = try subscription(#""entities":[{"type":"Vehicle"}]\#(comma)\#(members)"#)
      return try #require(try plan(subscription, [registration()]).first).subscription
    }
    let request = try address().update(of: "urn:c:1", from: copies[0], to: copies[1])
    #expect(request.map { String(decoding: $0.body, as: UTF8.self) } == expected)
    if let request { #expect(request.url.hasSuffix("/ngsi-ld/v1/subscriptions/urn:c:1")) }
  }

  @Test("a notification of what is not registered tells nothing")
  func narrowing() throws {
    let source = try registration(
      information: #"{"entities":[{"type":"Vehicle"}],"propertyNames":["speed"]}"#)
    let data = try JSONValue(
      parsing: """
        [{"id":"urn:v:1","type":"Vehicle","speed":{"type":"Property","value":1},
          "name":{"type":"Property","value":"x"}},
         {"id":"urn:r:1","type":"Room","speed":{"type":"Property","value":1}}]
        """)
    let reported: [ReportedEntity] = try SourceAnswer.findings(data) { _ in .core }
    let parts = reported.compactMap { source.part(of: $0.entity) }
    #expect(parts.map(\.id) == ["urn:v:1"])
    #expect(parts.first?.attributes.map(\.name) == [Context.core.expand("speed")])
  }

  @Test(
    "what was deleted is read as such",
    arguments: [
      #"{"id":"urn:v:1","type":"Vehicle","deletedAt":"2026-01-01T00:00:00Z"}"#,
      """
      {"id":"urn:v:1","type":"Vehicle","speed":{"type":"Property","value":"urn:ngsi-ld:null",
       "previousValue":5,"deletedAt":"2026-01-01T00:00:00Z"}}
      """,
      """
      {"id":"urn:v:1","type":"Vehicle",
       "name":{"type":"LanguageProperty","languageMap":{"@none":"urn:ngsi-ld:null"}}}
      """,
    ])
  func deletions(text: String) throws {
    let reported: [ReportedEntity] = try SourceAnswer.findings(JSONValue(parsing: text)) { _ in
      .core
    }
    let entity = try #require(reported.first)
    let instances = entity.entity.attributes.flatMap(\.instances)
    #expect(instances.isEmpty == (entity.deletedAt != nil))
    #expect(instances.allSatisfy { $0.value.rawText.contains("urn:ngsi-ld:null") })
  }

  @Test(
    "what is no notification is refused",
    arguments: [
      "{}", #"{"type":"Notification"}"#, #"{"type":"Notification","subscriptionId":1,"data":[]}"#,
      #"{"type":"Notification","subscriptionId":"urn:s:1","data":{}}"#,
    ])
  func refusals(text: String) throws {
    #expect(throws: NGSILDError.self) { try SourceNotification(JSONValue(parsing: text)) }
  }
}

struct CopyCase: Sendable, CustomStringConvertible {
  let description: String
  let subscription: String
  let entities: [String]
  let attributes: [String]
  /// JSON of what decides which notifications the copy causes.
  let expected: String?

  init(
    _ description: String, _ subscription: String, _ entities: [String], attributes: [String] = [],
    _ expected: String?, telling told: [String] = []
  ) {
    self.description = description
    self.subscription = subscription
    self.entities = entities
    self.attributes = attributes
    let names = told.map { #""\#($0)""# }.joined(separator: ",")
    self.expected = expected.map { told.isEmpty ? $0 : #"\#($0),"attributes":[\#(names)]"# }
  }

  func copies() throws -> [String] {
    let infos = entities.map { text in
      let words = text.split(separator: " ").map(String.init)
      guard words.count > 1 else { return #""type": "\#(words[0])""# }
      let name = words[1].hasPrefix("~") ? "idPattern" : "id"
      return #""type": "\#(words[0])", "\#(name)": "\#(words[1].filter { $0 != "~" })""#
    }
    let source = try registration(
      entities: infos, attributes: attributes, #", "operations": ["federationOps"]"#)
    return try plan(SubscriptionsFixture.subscription(subscription), [source]).map { copy in
      let written = copy.subscription.written(naming: .core)
      var members = ["entities", "watchedAttributes", "q", "scopeQ"].compactMap { name in
        written[named: name].map { #""\#(name)":\#($0.rawText)"# }
      }
      if let told = written["notification"]?["attributes"] {
        members.append(#""attributes":\#(told.rawText)"#)
      }
      return members.joined(separator: ",")
    }
  }
}

private enum SubscriptionsFixture {
  static func subscription(
    _ members: String, notification: String = "", endpoint: String = ""
  ) throws -> Subscription {
    try SubscriptionParser(context: .core).subscription(
      JSONValue(
        parsing: """
          {"id":"urn:s:1","type":"Subscription",\(members),"notification":{\(notification)
           "endpoint":{\(endpoint)"uri":"http://receiver.example/"}}}
          """), generatedID: "", at: .earliest)
  }
}

private func subscription(
  _ members: String, notification: String = "", endpoint: String = ""
) throws -> Subscription {
  try SubscriptionsFixture.subscription(members, notification: notification, endpoint: endpoint)
}

/// One that supports subscriptions.
private func registration(
  _ members: String = "", information: String = #"{"entities":[{"type":"Vehicle"}]}"#
) throws -> Registration {
  try RegistrationParser(context: .core).registration(
    JSONValue(
      parsing: """
        {"id":"urn:r:r","type":"ContextSourceRegistration","endpoint":"http://source.example",
         "information":[\(information)]\(members)}
        """), generatedID: "", at: .earliest)
}

private func plan(
  _ subscription: Subscription, _ registrations: [Registration], via: [String] = [],
  at now: DateTime = .earliest
) throws -> [SubscriptionPlan.Copy] {
  var index = RegistrationIndex()
  for (key, registration) in registrations.enumerated() {
    index.insert(CompiledRegistration(registration, key: RegistrationKey(key + 1)))
  }
  return SubscriptionPlan(
    subscription, among: index, via: Via(via), notifying: "http://here.example/notify", at: now
  ).copies
}

private func address() throws -> SourceAddress {
  let origin = RequestOrigin(
    tenantName: "", alias: "here", via: Via(), context: .core, header: { _ in [] })
  return SourceAddress(try registration(), origin, context: .core)
}
