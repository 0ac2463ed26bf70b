package import JSON
import JSONLD
package import NGSILD

/// Renders notifications of one change, for one subscription after the other.
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

  /// The request's body.
  ///
  /// - Parameter uuid: makes the notification's id unique.
  package func body(for subscription: CompiledSubscription, uuid: UUIDText) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 512 + document.rawRange.count)
    writer.beginObject()
    writer.name("id")
    writer.string("urn:ngsi-ld:Notification:\(uuid)")
    writer.name("type")
    writer.string("Notification")
    writer.name("subscriptionId")
    writer.raw(subscription.idJSON)
    writer.name("notifiedAt")
    writer.string(now.description)
    writer.name("data")
    let entity = NotifiedEntity(change, document, for: subscription, at: now).stored
    if let features = subscription.features {
      features.write(collection: [entity], at: now, to: &writer)
    } else {
      writer.beginArray()
      write(entity, for: subscription, to: &writer)
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }

  private func write(
    _ entity: JSONValue, for subscription: CompiledSubscription, to writer: inout JSONWriter
  ) {
    guard !subscription.representation.write(stored: entity, at: now, to: &writer) else { return }
    // Choice: an Entity of which nothing is left is sent with its id and type.
    var identity = subscription.representation
    identity.members = .pick(core: [.id, .type], attributes: [])
    identity.write(stored: entity, at: now, to: &writer)
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
