package import JSON
import JSONLD
package import NGSILD

/// What notifications of one change tell, to one subscription after the other.
///
/// Standard: GS CIM 009, 5.3.1 and 5.8.6.
package struct NotificationRendering {
  private let change: EntityChange
  /// In stored form.
  private let document: JSONValue
  private let now: DateTime

  /// - Parameter document: the Entity in stored form after the change; of a deleted one as it was
  ///   before.
  package init(of change: EntityChange, document: JSONValue, at now: DateTime) {
    self.change = change
    self.document = document
    self.now = now
  }

  /// The Entity in stored form, with what the subscription is told of the change.
  package func entity(for subscription: CompiledSubscription) -> JSONValue {
    NotifiedEntity(change, document, for: subscription, at: now).stored
  }

  /// The request's body.
  ///
  /// - Parameter uuid: makes the notification's id unique.
  package func body(for subscription: CompiledSubscription, uuid: UUIDText) -> [UInt8] {
    subscription.notification(of: [entity(for: subscription)], at: now, uuid: uuid)
  }
}

extension CompiledSubscription {
  /// The way along the Relationships of `entities`, which is to be followed before they are
  /// rendered; nil without `join`.
  package func traversal(from entities: [JSONValue], at now: DateTime) -> LinkTraversal? {
    join.map {
      LinkTraversal(from: entities, showing: selection, join: $0, datasets: datasets, at: now)
    }
  }

  /// The body of one notification.
  ///
  /// - Parameters:
  ///   - entities: stored forms.
  ///   - traversal: has found the Entities that they link to.
  ///   - uuid: makes the notification's id unique.
  package func notification(
    of entities: [JSONValue], linked traversal: LinkTraversal? = nil, at now: DateTime,
    uuid: UUIDText
  ) -> [UInt8] {
    var writer = JSONWriter(
      reservingCapacity: entities.reduce(512) { $0 + 512 + $1.rawRange.count })
    writer.beginObject()
    if ngsiv2 == nil {
      writer.member("id", notificationID(uuid))
      writer.member("type", "Notification")
    }
    writer.name("subscriptionId")
    writer.raw(idJSON)
    if ngsiv2 == nil { writer.member("notifiedAt", now.description) }
    writer.name("data")
    writeData(entities, traversal, at: now, to: &writer)
    writer.endObject()
    return writer.bytes
  }

  private func writeData(
    _ entities: [JSONValue], _ traversal: LinkTraversal?, at now: DateTime,
    to writer: inout JSONWriter
  ) {
    let linked = join?.form == .flat ? traversal?.linked ?? [] : []
    if let features {
      return features.write(collection: entities, linked: linked, at: now, to: &writer)
    }
    var representation = representation
    if let traversal, let join, join.form == .inline {
      representation.links = LinkedEntities(traversal, showing: selection, join: join)
    }
    writer.beginArray()
    for entity in entities { write(entity, as: representation, at: now, to: &writer) }
    for entity in linked {
      write(entity.entity, as: representation.showing(entity), at: now, to: &writer)
    }
    writer.endArray()
  }

  private func write(
    _ entity: JSONValue, as representation: Representation, at now: DateTime,
    to writer: inout JSONWriter
  ) {
    if let ngsiv2 {
      return ngsiv2.write(stored: entity, showing: representation.members, at: now, to: &writer)
    }
    guard !representation.write(stored: entity, at: now, to: &writer) else { return }
    // Choice: an Entity of which nothing is left is sent with its id and type.
    var identity = representation
    identity.members = .pick(core: [.id, .type], attributes: [])
    identity.write(stored: entity, at: now, to: &writer)
  }
}

private func notificationID(_ uuid: UUIDText) -> String { "urn:ngsi-ld:Notification:\(uuid)" }

/// One notification in the place of several of one subscription, with the last that they tell of
/// each Entity.
///
/// Choice: `previousValue` and the like are those of the last change.
///
/// - Parameter bodies: in the order of the changes; one or more.
package func coalesced(_ bodies: [[UInt8]], at now: DateTime, uuid: UUIDText) -> [UInt8] {
  let notifications = bodies.map(JSONValue.init(storedDocument:))
  var entities: [JSONValue] = []
  var seen: Set<IRI> = []
  for notification in notifications.reversed() {
    guard let data = notification["data"] else { continue }
    for entity in Array((data["features"] ?? data).elements).reversed() {
      if let id = entity["id"]?.string, !seen.insert(IRI(id)).inserted { continue }
      entities.append(entity)
    }
  }
  var writer = JSONWriter(reservingCapacity: bodies.reduce(0) { $0 + $1.count })
  writer.rewrite(notifications[0]) { name, value, writer in
    switch name {
    case "id": writer.string(notificationID(uuid))
    case "notifiedAt": writer.string(now.description)
    case "data" where value.isObject:
      writer.rewrite(value) { name, value, writer in
        if name == "features" { writer.array(entities.reversed()) } else { writer.value(value) }
      }
    case "data": writer.array(entities.reversed())
    default: writer.value(value)
    }
  }
  return writer.bytes
}

extension JSONWriter {
  /// Writes an object with the members of another one, their values by `write`.
  fileprivate mutating func rewrite(
    _ object: JSONValue, _ write: (String, JSONValue, inout JSONWriter) -> Void
  ) {
    beginObject()
    for (name, value) in object.members {
      let name = name.string ?? ""
      self.name(name)
      write(name, value, &self)
    }
    endObject()
  }

  fileprivate mutating func array(_ values: [JSONValue]) {
    beginArray()
    for value in values { self.value(value) }
    endArray()
  }
}

/// The subscription's id as JSON, which all its notifications repeat.
func subscriptionIDJSON(of subscription: Subscription) -> [UInt8] {
  var writer = JSONWriter()
  writer.string(subscription.id)
  return writer.bytes
}

/// A random UUID (RFC 9562, version 4) in its text form.
package struct UUIDText: CustomStringConvertible, Sendable {
  private let high: UInt64
  private let low: UInt64

  package init(using generator: inout some RandomNumberGenerator) {
    high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
    low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
  }

  package init() {
    var generator = SystemRandomNumberGenerator()
    self.init(using: &generator)
  }

  package var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var place = 0
      for index in 0..<32 {
        if index == 8 || index == 12 || index == 16 || index == 20 {
          buffer[place] = UInt8(ascii: "-")
          place += 1
        }
        let word = index < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 15
        buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        place += 1
      }
      return 36
    }
  }
}
