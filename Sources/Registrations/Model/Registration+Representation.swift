package import JSON
package import JSONLD
import NGSILD
package import Subscriptions

/// How a registration is shown to who asked for it.
package struct RegistrationRepresentation: Sendable {
  package let context: Context
  package let showsSystemAttributes: Bool
  /// Whether the body carries the `@context` (JSON-LD).
  package let embedsContext: Bool

  package init(
    context: Context, showsSystemAttributes: Bool = false, embedsContext: Bool = false
  ) {
    self.context = context
    self.showsSystemAttributes = showsSystemAttributes
    self.embedsContext = embedsContext
  }

  /// - Parameters:
  ///   - information: what is shown of it; nil for all.
  ///   - record: what became of requests to the source.
  package func write(
    _ registration: Registration, information: [RegistrationInfo]? = nil,
    _ record: DeliveryRecord = DeliveryRecord(), to writer: inout JSONWriter
  ) {
    writer.beginObject()
    registration.writeMembers(
      to: &writer, names: NameWriting(context: context),
      information: information ?? registration.information)
    for property in registration.properties { write(property, to: &writer) }
    record.write(to: &writer)
    if showsSystemAttributes {
      writer.member("createdAt", registration.createdAt.description)
      writer.member("modifiedAt", registration.modifiedAt.description)
    }
    if embedsContext {
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
    writer.endObject()
  }

  private func write(_ property: ContextSourceProperty, to writer: inout JSONWriter) {
    writer.name(context.compact(property.attribute.name))
    let format: Representation.Format = property.isSimple ? .simplified : .normalized
    let shown = property.attribute.instances.map { $0.shown(format, context: context) }
    if shown.count == 1 { return writer.value(shown[0]) }
    writer.beginArray()
    for value in shown { writer.value(value) }
    writer.endArray()
  }
}
