import Broker
import HTTPServer
import JSON
import NGSILD
import Storage

/// What this Context Source is called (GS CIM 009, 5.15.1, 6.33).
extension API {
  /// ContextSourceIdentity (5.2.40); also of a tenant that holds nothing yet.
  func retrieveSourceIdentity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let context = try await context(of: call)
    let alias = broker.source.alias(of: try tenantName(of: call))
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writer.name("id")
    writer.string("urn:ngsi-ld:ContextSourceIdentity:\(alias)")
    writer.name("type")
    writer.string("ContextSourceIdentity")
    writer.name("contextSourceAlias")
    writer.string(alias)
    writer.name("contextSourceUptime")
    writer.string("PT\(broker.source.uptime.components.seconds)S")
    writer.name("contextSourceTimeAt")
    writer.string(DateTime.now.description)
    if call.accepts == .jsonLD {
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
    writer.endObject()
    return .body(writer.bytes, as: call.accepts, context: context)
  }
}
