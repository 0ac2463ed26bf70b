import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage

/// Stored contexts (GS CIM 009, 6.29, 6.30).
extension API {
  func addContext(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let body = try json(call.request.body)
    guard let context = body["@context"] else {
      throw NGSILDError(
        .invalidRequest, "The body has no '@context'; a JSON object with one is expected")
    }
    let tenant = try await newTenant(of: call)
    let id = try await broker.addContext(context, in: tenant)
    return .created(at: HostedContextURL.path + id)
  }

  func listContexts(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let showsDetails = try call.parameters.boolean("details")
    let kind = try contextKind(call.parameters)
    let site = try contextSite(of: call)
    let contexts = try await broker.listContexts(kind: kind, for: try contextOwner(of: call))
    var writer = JSONWriter(reservingCapacity: 256 * (contexts.count + 1))
    writer.beginArray()
    for context in contexts {
      if showsDetails {
        context.write(to: &writer, at: site)
      } else {
        writer.string(context.url(at: site))
      }
    }
    writer.endArray()
    return .plainJSON(writer.bytes, status: 200)
  }

  func serveContext(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let showsDetails = try call.parameters.boolean("details")
    let name = try contextName(of: call)
    let owner = try contextOwner(of: call)
    var writer = JSONWriter(reservingCapacity: 1024)
    if showsDetails {
      try await broker.context(name, for: owner).write(to: &writer, at: try contextSite(of: call))
      return .plainJSON(writer.bytes, status: 200)
    }
    let body = try await broker.contextBody(name, for: owner)
    writer.beginObject()
    writer.name("@context")
    writer.raw(body)
    writer.endObject()
    return HTTPResponse(
      status: 200, headers: [("Content-Type", call.accepts.rawValue)], body: writer.bytes)
  }

  func deleteContext(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let reloads = try call.parameters.boolean("reload")
    let name = try contextName(of: call)
    let owner = try contextOwner(of: call)
    if reloads {
      try await broker.reloadContext(name, for: owner)
    } else {
      try await broker.deleteContext(name, for: owner)
    }
    return .noContent
  }

  /// Where the tenant of a request finds what the broker hosts: under the name by which this
  /// client calls it, unless the operator gave one.
  func contextSite(of call: Call) throws(NGSILDError) -> ContextSite {
    ContextSite(
      tenantName: try tenantName(of: call).text,
      brokerURL: broker.contextService.publicURL ?? "http://\(call.host)")
  }

  /// An unknown tenant hosts nothing, and sees what is everyone's.
  private func contextOwner(of call: Call) throws(NGSILDError) -> ContextOwner {
    ContextOwner(try tenantName(of: call))
  }

  /// The id or URL of the path.
  private func contextName(of call: Call) throws(NGSILDError) -> String {
    let name = call.identifiers.first ?? ""
    guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw .badRequestData("The id of the @context is '\(name)'; its localId or URL is expected")
    }
    return name
  }

  private func contextKind(_ parameters: Parameters) throws(NGSILDError) -> ContextKind? {
    guard let text = parameters["kind"] else { return nil }
    guard let kind = ContextKind(rawValue: text) else {
      let kinds = ContextKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw .badRequestData("The parameter 'kind' is '\(text)'; one of \(kinds) is expected")
    }
    return kind
  }
}

extension StoredContext {
  /// Of a copy the URL that it comes from, else the one at this broker.
  fileprivate func url(at site: ContextSite) -> String { url ?? site.url(of: id) }

  /// Standard: GS CIM 009, 5.13.3.5.
  fileprivate func write(to writer: inout JSONWriter, at site: ContextSite) {
    writer.beginObject()
    writer.name("URL")
    writer.string(url(at: site))
    writer.name("localId")
    writer.string(id)
    writer.name("kind")
    writer.string(kind.rawValue)
    writer.name("createdAt")
    writer.string(created.description)
    if let expires {
      writer.name("expiresAt")
      writer.string(expires.description)
    }
    if let lastUsage {
      writer.name("lastUsage")
      writer.string(lastUsage.description)
    }
    writer.name("numberOfHits")
    writer.integer(hits)
    writer.endObject()
  }
}
