import Broker
import DistributedOperations
import HTTPServer
import JSONLD
import NGSILD
import Storage

/// What Context Sources hear of a request, and what its sender hears of them (GS CIM 009, 6.3.17
/// and 6.3.18).
extension API {
  /// What requests to sources take over from a request; nil if no source is to be asked.
  func origin(
    of call: Call, _ context: Context, in tenant: TenantNumber
  ) async throws(NGSILDError) -> RequestOrigin? {
    let isLocal = try call.parameters.boolean("local")
    // What is done on a Snapshot is done here (5.5.15).
    let isOnSnapshot = call.request.headers.contains("NGSILD-Snapshot")
    guard !isLocal, !isOnSnapshot, broker.hasSources(in: tenant) else { return nil }
    let name = try tenantName(of: call)
    let headers = call.request.headers
    return RequestOrigin(
      tenantName: name.text, alias: broker.source.alias(of: name),
      via: Via(headers.all("Via")),
      context: try await broker.linked(context, in: tenant, at: try contextSite(of: call)),
      header: { headers.all($0) })
  }

  /// An answer that is perhaps incomplete; an error in its place says so, too.
  func warning(
    _ warnings: [SourceWarning], _ answer: () async throws(NGSILDError) -> HTTPResponse
  ) async throws(NGSILDError) -> HTTPResponse {
    guard !warnings.isEmpty else { return try await answer() }
    var response: HTTPResponse
    do throws(NGSILDError) {
      response = try await answer()
    } catch {
      response = ProblemDetails(error).response
    }
    response.add(warnings)
    return response
  }
}

extension HTTPResponse {
  mutating func add(_ warnings: [SourceWarning]) {
    for warning in warnings { headers.append(("NGSILD-Warning", warning.text)) }
  }
}
