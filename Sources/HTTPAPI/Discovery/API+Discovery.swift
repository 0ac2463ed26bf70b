import Broker
import DistributedOperations
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
    let (found, representation) = try await discovery(call) { _ in .types(details: details) }
    let types = found.types
    return response(to: call, representation, found, counts ? types.count : nil) { writer in
      if details {
        representation.write(detailsOf: types, to: &writer)
      } else {
        representation.write(listOf: types, id: UUIDText().description, to: &writer)
      }
    }
  }

  func retrieveType(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (found, representation) = try await discovery(call) { context throws(NGSILDError) in
      .type(try discoveredName(call, context, as: "The type"))
    }
    return try await warning(found.warnings) { () throws(NGSILDError) in
      guard let type = found.types.first else {
        let name = representation.context.expand(call.identifiers[0])
        throw NGSILDError(.resourceNotFound, "There is no Entity of the type '\(name)'")
      }
      return response(to: call, representation) { representation.write(type, to: &$0) }
    }
  }

  func retrieveAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (details, counts) = try listParameters(call)
    let (found, representation) = try await discovery(call) { _ in
      .attributes(details: details)
    }
    let attributes = found.attributes
    return response(to: call, representation, found, counts ? attributes.count : nil) { writer in
      if details {
        representation.write(detailsOf: attributes, to: &writer)
      } else {
        representation.write(listOf: attributes, id: UUIDText().description, to: &writer)
      }
    }
  }

  func retrieveAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (found, representation) = try await discovery(call) { context throws(NGSILDError) in
      .attribute(try discoveredName(call, context, as: "The Attribute"))
    }
    return try await warning(found.warnings) { () throws(NGSILDError) in
      guard let attribute = found.attributes.first else {
        let name = representation.context.expand(call.identifiers[0])
        throw NGSILDError(.resourceNotFound, "No Entity has the Attribute '\(name)'")
      }
      return response(to: call, representation) { representation.write(attribute, to: &$0) }
    }
  }

  // MARK: Parts

  private func listParameters(_ call: Call) throws(NGSILDError) -> (details: Bool, counts: Bool) {
    (try call.parameters.boolean("details"), try call.parameters.boolean("count"))
  }

  private func discovery(
    _ call: Call, _ read: (Context) throws(NGSILDError) -> DiscoveryRead
  ) async throws(NGSILDError) -> (Discovery, DiscoveryRepresentation) {
    let context = try await context(of: call)
    let read = try read(context)
    let tenant = try await tenant(of: call)
    let origin = try await origin(of: call, context, in: tenant)
    return (
      try await broker.discover(read, in: tenant, from: origin),
      DiscoveryRepresentation(context: context, embedsContext: call.accepts == .jsonLD)
    )
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
    to call: Call, _ representation: DiscoveryRepresentation, _ found: Discovery = Discovery(),
    _ count: Int? = nil, _ write: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 1024)
    write(&writer)
    var response = HTTPResponse.body(
      writer.bytes, as: call.accepts, context: representation.context)
    response.add(found.warnings)
    if let count { response.headers.append(("NGSILD-Results-Count", "\(count)")) }
    return response
  }
}
