import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Tenants, bodies and contexts of requests.
extension API {
  /// The tenant that a request names (6.3.14).
  func tenantName(of call: Call) throws(NGSILDError) -> TenantName {
    let headers = call.request.headers
    if let name = headers.first("NGSILD-Tenant") { return try TenantName(name) }
    guard configuration.takesTenantFromFIWAREService,
      let name = headers.first("fiware-service"), !name.isEmpty
    else { return .standard }
    return try TenantName(name)
  }

  /// The tenant whose data an operation works on: that of a Snapshot, where the request selects
  /// one.
  ///
  /// - Throws: `nonexistentTenant`, `resourceNotFound`, `operationNotSupported`.
  func tenant(of call: Call) async throws(NGSILDError) -> TenantNumber {
    let owner = try await broker.tenants.number(
      of: tenantName(of: call), in: broker.entities.readers)
    guard let snapshot = call.snapshot else { return owner }
    guard call.operation.worksOnSnapshots else {
      throw NGSILDError(
        .operationNotSupported,
        "The operation '\(call.operation.rawValue)' does not work on a Snapshot; no header "
          + "\(Self.snapshotHeader) is expected")
    }
    return try await broker.data(ofSnapshot: snapshot, in: owner)
  }

  static let snapshotHeader = "NGSILD-Snapshot"

  /// The tenant, created where it is new (5.5.10).
  func newTenant(of call: Call) async throws(NGSILDError) -> TenantNumber {
    guard call.snapshot == nil else { return try await tenant(of: call) }
    return try await broker.tenants.create(tenantName(of: call), in: broker.entities.readers)
  }

  /// The body and the context that it is read with (6.3.5).
  func body(of call: Call) async throws(NGSILDError) -> (value: JSONValue, context: Context) {
    let value = try json(call.request.body)
    guard value.isObject else {
      throw NGSILDError(.invalidRequest, "The body is no JSON object")
    }
    let link = try LinkHeader.contextURL(in: call.request.headers.all("Link"))
    let embedded = value["@context"]
    if isJSONLD(call) {
      guard link == nil else {
        throw .badRequestData(
          "The Link header names a JSON-LD context; with application/ld+json it stands in the body")
      }
      guard let embedded else {
        throw .badRequestData("The body has no '@context', which application/ld+json needs")
      }
      return (value, try await context(for: embedded, of: call))
    }
    guard embedded == nil else {
      throw .badRequestData(
        "The body has an '@context'; with application/json it is given in a Link header")
    }
    return (value, try await context(linkedAt: link, of: call))
  }

  /// The context of a request without body: that of its Link header, or the Core.
  func context(of call: Call) async throws(NGSILDError) -> Context {
    let link = try LinkHeader.contextURL(in: call.request.headers.all("Link"))
    return try await context(linkedAt: link, of: call)
  }

  func isJSONLD(_ call: Call) -> Bool {
    call.request.headers.first("Content-Type").flatMap(MediaType.init(contentType:)) == .jsonLD
  }

  /// - Parameter url: as the header gives it, relative to the request's own URL (RFC 8288, 3.1).
  func context(linkedAt url: String?, of call: Call) async throws(NGSILDError) -> Context {
    guard let url else { return .core }
    let tenant = try tenantName(of: call).text
    do throws(JSONLDError) {
      return try await broker.contexts.context(linkedAt: absolute(url, call), in: tenant)
    } catch {
      throw NGSILDError(error)
    }
  }

  private func absolute(_ url: String, _ call: Call) -> String {
    // What is no reference at all comes back as it is, and is refused as such.
    guard !url.hasPrefix("http"), url.utf8.allSatisfy({ $0 > 0x20 }) else { return url }
    return absoluteURL(of: url, relativeTo: "http://\(call.host)\(call.request.path)")
  }

  func context(for value: JSONValue, of call: Call) async throws(NGSILDError) -> Context {
    let tenant = try tenantName(of: call).text
    do throws(JSONLDError) {
      return try await broker.contexts.context(for: value, in: tenant)
    } catch {
      throw NGSILDError(error)
    }
  }

  /// - Throws: `invalidRequest` for what is no JSON, `badRequestData` for what is ambiguous JSON.
  func json(_ body: [UInt8]) throws(NGSILDError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: body)
    } catch {
      switch error.reason {
      case .duplicateName, .nulCharacter, .numberOutOfRange:
        throw .badRequestData("The body is not acceptable: \(error)")
      default: throw NGSILDError(.invalidRequest, "The body is no JSON: \(error)")
      }
    }
  }
}

extension NGSILDError {
  /// A context that cannot be fetched, or is invalid (5.5.6).
  init(_ error: JSONLDError) {
    self.init(
      error.isUnavailability ? .ldContextNotAvailable : .badRequestData,
      "The @context is not usable: \(error.detail)")
  }
}
