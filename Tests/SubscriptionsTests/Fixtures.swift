import JSON
import JSONLD
import NGSILD
import Subscriptions
import Testing

let now = DateTime(microseconds: 1_800_000_000_000_000)
let later = DateTime(microseconds: 1_800_000_001_000_000)

func parse(_ body: String) throws -> Subscription {
  try SubscriptionParser(context: .core).subscription(
    JSONValue(parsing: body), generatedID: "urn:ngsi-ld:Subscription:generated", at: now)
}

/// A body with `members`, of which `notification` may be one.
func body(_ members: String, notification: String = "") -> String {
  """
  {"id": "urn:s:1", "type": "Subscription", \(members)
   "notification": {\(notification)"endpoint": {"uri": "http://localhost:9/notify"}}}
  """
}

func compile(
  _ members: String = "\"entities\": [{\"type\": \"Room\"}],", notification: String = "",
  key: SubscriptionKey = 1, tenant: String = "", context: Context = .core
) throws -> CompiledSubscription {
  CompiledSubscription(
    try parse(body(members, notification: notification)), key: key, tenantName: tenant,
    context: context)
}

extension Context {
  /// Makes a context of a JSON value that names no document but the Core.
  static func inline(_ json: String) async throws -> Context {
    let resolver = ContextResolver(loader: NoLoader(), cache: ContextCache(now: { .zero }))
    return try await resolver.context(for: JSONValue(parsing: json))
  }
}

struct NoLoader: ContextLoader {
  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    try LoadedDocument(
      body: Array("{\"@context\": {\"Room\": \"https://example.org/Room\"}}".utf8), url: url)
  }
}

/// An Entity under operations: each gives the change that it makes.
struct TestEntity {
  static let id = "urn:ngsi-ld:Room:1"
  private(set) var entity: Entity?

  init() {}

  init(_ body: String) throws { _ = try create(body) }

  mutating func create(_ body: String, at time: DateTime = now) throws -> EntityChange {
    try perform(.create(fragment(body, .complete)), at: time)
  }

  mutating func update(_ body: String, at time: DateTime = later) throws -> EntityChange {
    try perform(.updateAttributes(fragment(body, .update)), at: time)
  }

  mutating func delete(_ attribute: String) throws -> EntityChange {
    try perform(.deleteAttribute(Context.core.expand(attribute), .all), at: later)
  }

  mutating func delete() throws -> EntityChange { try perform(.delete, at: later) }

  private mutating func perform(_ operation: EntityOperation, at time: DateTime) throws
    -> EntityChange
  {
    let change = try operation.apply(to: entity, id: Self.id, at: time).change
    entity = change.after
    return change
  }

  private func fragment(_ body: String, _ rules: FragmentRules) throws -> EntityFragment {
    try FragmentParser(context: .core, rules: rules).entity(JSONValue(parsing: body))
  }
}

extension EntityChange {
  var document: JSONValue {
    var writer = JSONWriter()
    (after ?? before)?.write(to: &writer)
    guard let value = try? JSONValue(parsing: writer.bytes) else {
      preconditionFailure("A stored form is no JSON")
    }
    return value
  }

  /// The `data` of the notification, as JSON.
  func data(for subscription: CompiledSubscription) throws -> JSONValue {
    let body = NotificationRendering(of: self, document: document, at: later)
      .body(for: subscription, uuid: UUIDText())
    return try #require(try JSONValue(parsing: body)["data"])
  }
}
