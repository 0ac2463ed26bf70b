/// The header fields of the request that carries a notification.
///
/// `receiverInfo` cannot replace what the broker itself says.
///
/// Standard: GS CIM 009, 6.3.8.
func notificationHeaders(
  of subscription: Subscription, contextURL: String, tenantName: String
) -> [(name: String, value: String)] {
  let endpoint = subscription.notification.endpoint
  var headers: [(name: String, value: String)] = [
    ("Content-Type", (endpoint.accept ?? .json).rawValue)
  ]
  if endpoint.linksContext { headers.append(("Link", contextLink(contextURL))) }
  if !tenantName.isEmpty { headers.append(("NGSILD-Tenant", tenantName)) }
  for pair in endpoint.receiverInfo
  where !managedHeaders.contains(pair.key.lowercased()) {
    headers.append((pair.key, pair.value))
  }
  return headers
}

extension NotificationEndpoint {
  /// Whether a `Link` header names the `@context`, which then is not in the body.
  var linksContext: Bool {
    switch accept ?? .json {
    case .json: true
    case .jsonLD: false
    case .geoJSON: prefersPlainBody
    }
  }

  /// Whether `receiverInfo` has the preference `body=json`.
  private var prefersPlainBody: Bool {
    receiverInfo.contains { pair in
      pair.key.lowercased() == "prefer"
        && pair.value.lowercased().split(separator: ",").contains {
          $0.filter { $0 != " " && $0 != "\"" } == "body=json"
        }
    }
  }
}

private func contextLink(_ url: String) -> String {
  "<\(url)>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\""
}

/// Fields that the broker or the HTTP client set, in lower case.
private let managedHeaders: Set = [
  "content-type", "link", "ngsild-tenant", "host", "content-length", "transfer-encoding",
  "connection", "expect", "te", "trailer", "upgrade", "keep-alive",
]
