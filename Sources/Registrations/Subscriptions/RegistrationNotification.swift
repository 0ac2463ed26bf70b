import JSON
import JSONLD
package import NGSILD
package import Subscriptions

/// Why a subscription to registrations is notified (GS CIM 009, 5.3.3).
package enum TriggerReason: String, Sendable {
  case newlyMatching, updated, noLongerMatching
}

extension CompiledSubscription {
  /// What of a registration concerns the subscription; empty if nothing does.
  package func information(of registration: Registration) -> [RegistrationInfo] {
    let specification = EntitySpecification(subscription)
    return registration.information.filter { $0.narrowed(to: specification) != nil }
  }

  /// The body of a notification of registrations.
  ///
  /// Standard: CsourceNotification (GS CIM 009, 5.3.2). Choice: types of Entities are arrays, which
  /// the standard allows, as receivers in the field read them so (TS 047_03).
  package func notification(
    of registrations: [Registration], because reason: TriggerReason, at now: DateTime,
    uuid: UUIDText
  ) -> [UInt8] {
    let representation = RegistrationRepresentation(context: notifiedContext, listsTypes: true)
    var writer = JSONWriter(reservingCapacity: 512 + 1024 * registrations.count)
    writer.beginObject()
    writer.member("id", "urn:ngsi-ld:ContextSourceNotification:\(uuid)")
    writer.member("type", "ContextSourceNotification")
    writer.member("subscriptionId", subscription.id)
    writer.member("notifiedAt", now.description)
    writer.member("triggerReason", reason.rawValue)
    writer.name("data")
    writer.beginArray()
    for registration in registrations {
      representation.write(
        registration, information: information(of: registration), to: &writer)
    }
    writer.endArray()
    if embedsContext {
      writer.name("@context")
      writer.raw(notifiedContext.bodyValue)
    }
    writer.endObject()
    return writer.bytes
  }
}
