import Broker
import DistributedOperations
import HTTPServer
import JSON
import NGSILD

/// Notifications of Context Sources (GS CIM 009, 5.8.6).
extension API {
  /// Choice: `application/ld+json` may have its contexts in the Entities, as notifications do; the
  /// subscription says whose tenant it is, since sources name their own.
  func takeSourceNotification(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let notification = try SourceNotification(json(call.request.body))
    try await broker.take(
      notification, linking: LinkHeader.contextURL(in: call.request.headers.all("Link")))
    return HTTPResponse(status: 200)
  }
}
