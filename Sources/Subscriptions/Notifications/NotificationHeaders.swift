/// The header fields of the request that carries a notification.
///
/// `receiverInfo` cannot replace what the broker itself says.
///
/// Standard: GS CIM 009, 6.3.8.
func notificationHeaders(
  of subscription: Subscription, accept: NotificationEndpoint.MediaType, contextURL: String,
  tenantName: String
) -> [(name: String, value: String)] {
  var headers: [(name: String, value: String)] = [("Content-Type", accept.rawValue)]
  if accept == .json { headers.append(("Link", contextLink(contextURL))) }
  if !tenantName.isEmpty { headers.append(("NGSILD-Tenant", tenantName)) }
  for pair in subscription.notification.endpoint.receiverInfo
  where !managedHeaders.contains(pair.key.lowercased()) {
    headers.append((pair.key, pair.value))
  }
  return headers
}

private func contextLink(_ url: String) -> String {
  "<\(url)>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
}

/// Fields that the broker or the HTTP client set, in lower case.
private let managedHeaders: Set = [
  "content-type", "link", "ngsild-tenant", "host", "content-length", "transfer-encoding",
  "connection", "expect", "te", "trailer", "upgrade", "keep-alive",
]
