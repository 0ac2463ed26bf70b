import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage
import Subscriptions

/// Discovery of Entity types and Attributes (GS CIM 009, 6.25 to 6.28).
extension API {
  func retrieveTypes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (details, counts) = try listParameters(call)
    let (tenant, representation) = try await discovery(call)
    let types = try await broker.availableTypes(withAttributes: details, in: tenant)
    return response(to: call, representation, count: counts ? types.count : nil) { writer in
      if details {
        representation.write(detailsOf: types, to: &writer)
      } else {
        representation.write(listOf: types, id: UUIDText().description, to: &writer)
      }
    }
  }

  func retrieveType(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (tenant, representation) = try await discovery(call)
    let name = try discoveredName(call, representation.context, as: "The type")
    let type = try await broker.availableType(name, in: tenant)
    return response(to: call, representation) { representation.write(type, to: &$0) }
  }

  func retrieveAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (details, counts) = try listParameters(call)
    let (tenant, representation) = try await discovery(call)
    let attributes = try await broker.availableAttributes(in: tenant)
    return response(to: call, representation, count: counts ? attributes.count : nil) { writer in
      if details {
        representation.write(detailsOf: attributes, to: &writer)
      } else {
        representation.write(listOf: attributes, id: UUIDText().description, to: &writer)
      }
    }
  }

  func retrieveAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (tenant, representation) = try await discovery(call)
    let name = try discoveredName(call, representation.context, as: "The Attribute")
    let attribute = try await broker.availableAttribute(name, in: tenant)
    return response(to: call, representation) { representation.write(attribute, to: &$0) }
  }

  // MARK: Parts

  private func listParameters(_ call: Call) throws(NGSILDError) -> (details: Bool, counts: Bool) {
    (try call.parameters.boolean("details"), try call.parameters.boolean("count"))
  }

  private func discovery(
    _ call: Call
  ) async throws(NGSILDError) -> (TenantNumber, DiscoveryRepresentation) {
    let context = try await context(of: call)
    let representation = DiscoveryRepresentation(
      context: context, embedsContext: call.accepts == .jsonLD)
    return (try await tenant(of: call), representation)
  }

  /// The name in the path, short or expanded.
  ///
  /// Core members such as `createdAt` are well-formed names of nothing that is discovered.
  private func discoveredName(
    _ call: Call, _ context: Context, as what: String
  ) throws(NGSILDError) -> IRI {
    let name = call.identifiers[0]
    try requireName(name, as: what)
    return context.expand(name)
  }

  private func response(
    to call: Call, _ representation: DiscoveryRepresentation, count: Int? = nil,
    _ write: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 1024)
    write(&writer)
    var response = HTTPResponse.body(
      writer.bytes, as: call.accepts, context: representation.context)
    if let count { response.headers.append(("NGSILD-Results-Count", "\(count)")) }
    return response
  }
}
