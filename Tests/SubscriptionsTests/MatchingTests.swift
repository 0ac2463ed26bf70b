import JSON
import JSONLD
import NGSILD
import Subscriptions
import Testing

@Suite("Which changes a subscription hears of")
struct MatchingTests {
  enum Step: String, CaseIterable, Sendable {
    case create, update, rewrite, add, remove, delete
  }

  /// The change that each step makes to a Room with a temperature and a name.
  private func change(_ step: Step) throws -> EntityChange {
    let room = #"{"type": "Room", "temperature": 20, "name": "A", "scope": "/x/y"}"#
    var entity = TestEntity()
    let creation = try entity.create(room)
    switch step {
    case .create: return creation
    case .update: return try entity.update(#"{"temperature": 30}"#)
    case .rewrite: return try entity.update(#"{"temperature": {"type": "Property", "value": 20}}"#)
    case .add: return try entity.update(#"{"pressure": 7}"#)
    case .remove: return try entity.delete("temperature")
    case .delete: return try entity.delete()
    }
  }

  private func isDue(_ subscription: CompiledSubscription, _ change: EntityChange) -> Bool {
    var index = SubscriptionIndex()
    index.insert(subscription)
    return !index.due(for: change, document: change.document, at: later).isEmpty
  }

  @Test(
    "triggers decide",
    arguments: [
      ("", [Step.create, .update, .add]),
      (#""notificationTrigger": ["entityCreated"],"#, [.create]),
      (#""notificationTrigger": ["entityDeleted"],"#, [.delete]),
      (#""notificationTrigger": ["entityUpdated"],"#, [.create, .update, .add, .remove, .delete]),
      (#""notificationTrigger": ["attributeCreated"],"#, [.create, .add]),
      (#""notificationTrigger": ["attributeUpdated"],"#, [.update]),
      (#""notificationTrigger": ["attributeDeleted"],"#, [.remove, .delete]),
      (#""watchedAttributes": ["temperature"],"#, [.create, .update]),
      (#""watchedAttributes": ["pressure"],"#, [.add]),
      (
        #""watchedAttributes": ["temperature"], "notificationTrigger": ["attributeDeleted"],"#,
        [.remove, .delete]
      ),
      (#""watchedAttributes": ["none"], "notificationTrigger": ["entityCreated"],"#, [.create]),
      (#""isActive": false,"#, []),
      (#""expiresAt": "2027-01-15T08:00:00.500Z","#, []),
      (#""datasetId": ["urn:d:1"],"#, []),
      (#""datasetId": ["@none"],"#, [.create, .update, .add]),
    ])
  func triggers(members: String, steps: [Step]) throws {
    let subscription = try compile(#""entities": [{"type": "Room"}], \#(members)"#)
    for step in Step.allCases {
      #expect(isDue(subscription, try change(step)) == steps.contains(step), "\(step)")
    }
  }

  @Test(
    "selectors, q and scopeQ decide",
    arguments: [
      (#""entities": [{"type": "Room"}],"#, true),
      (#""entities": [{"type": "Car"}],"#, false),
      (#""entities": [{"type": "Car"}, {"type": "Room"}],"#, true),
      (#""entities": [{"type": "(Car;Room)"}],"#, false),
      (#""entities": [{"type": "Car|Room"}],"#, true),
      (#""entities": [{"type": "*"}],"#, true),
      (#""entities": [{"type": "Room", "id": "urn:ngsi-ld:Room:1"}],"#, true),
      (#""entities": [{"type": "Car", "id": "urn:ngsi-ld:Room:1"}],"#, false),
      (#""entities": [{"type": "Room", "id": "urn:ngsi-ld:Room:2"}],"#, false),
      (#""entities": [{"type": "Room", "idPattern": "Room:[0-9]$"}],"#, true),
      (#""entities": [{"type": "Room", "idPattern": "Room:[a-z]$"}],"#, false),
      (#""watchedAttributes": ["temperature"],"#, true),
      (#""watchedAttributes": ["name"],"#, false),
      (#""entities": [{"type": "Room"}], "q": "temperature>25","#, true),
      (#""entities": [{"type": "Room"}], "q": "temperature<25","#, false),
      (#""entities": [{"type": "Room"}], "scopeQ": "/x/#","#, true),
      (#""entities": [{"type": "Room"}], "scopeQ": "/y","#, false),
      (#""localOnly": true,"#, true),
    ])
  func selection(members: String, isExpected: Bool) throws {
    #expect(isDue(try compile(members), try change(.update)) == isExpected)
  }

  @Test("q looks at a deleted Entity as it was")
  func deletedEntity() throws {
    let members = #""entities": [{"type": "Room"}], "notificationTrigger": ["entityDeleted"],"#
    #expect(isDue(try compile(members + #""q": "temperature==20","#), try change(.delete)))
    #expect(!isDue(try compile(members + #""q": "temperature==21","#), try change(.delete)))
  }

  @Test("a subscription that several selectors reach is due once, and gone once removed")
  func once() throws {
    let members =
      #""entities": [{"type": "Room"}, {"type": "*"}, {"type": "Room", "id": "urn:ngsi-ld:Room:1"}],"#
    let change = try change(.update)
    var index = SubscriptionIndex()
    let two = try compile(members, key: 2)
    index.insert(two)
    index.insert(try compile(members, key: 1))
    #expect(index.due(for: change, document: change.document, at: later).map(\.key) == [1, 2])
    index.remove(two)
    #expect(index.due(for: change, document: change.document, at: later).map(\.key) == [1])
  }

  @Test("the Entity is not even read for subscriptions that a change cannot concern")
  func untouched() throws {
    var index = SubscriptionIndex()
    for key in 1...1000 {
      index.insert(
        try compile(
          #""entities": [{"type": "Room", "id": "urn:ngsi-ld:Room:x\#(key)"}], "q": "a==1","#,
          key: SubscriptionKey(key)))
      index.insert(
        try compile(
          #""entities": [{"type": "Room"}], "watchedAttributes": ["a\#(key)"], "q": "a==1","#,
          key: SubscriptionKey(1000 + key)))
    }
    let change = try change(.update)
    var wasRead = false
    func document() -> JSONValue {
      wasRead = true
      return change.document
    }
    #expect(index.due(for: change, document: document(), at: later).isEmpty)
    #expect(!wasRead)
  }
}
