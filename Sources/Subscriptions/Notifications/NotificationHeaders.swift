import JSONLD
import NGSILD

/// The header fields of the request that carries a notification.
///
/// `receiverInfo` cannot replace what the broker itself says.
///
/// Standard: GS CIM 009, 6.3.8.
func notificationHeaders(
  of subscription: Subscription, contextURL: String?, tenantName: String
) -> [(name: String, value: String)] {
  let endpoint = subscription.notification.endpoint
  var headers: [(name: String, value: String)] = [
    ("Content-Type", (endpoint.accept ?? .json).rawValue)
  ]
  if subscription.notification.format == .ngsiv2 {
    headers.append(("Ngsiv2-AttrsFormat", "normalized"))
  }
  if endpoint.linksContext {
    // Choice: a link that the subscriber gives counts where neither the Subscription nor the
    // request that made it named a context.
    let link = contextURL == nil ? endpoint.link : nil
    headers.append(("Link", link ?? LinkHeader.context(contextURL ?? CoreContext.url)))
  }
  if !tenantName.isEmpty { headers.append(("NGSILD-Tenant", tenantName)) }
  for pair in endpoint.receiverInfo where !pair.isManaged && !pair.isFromRequest {
    headers.append((pair.key, pair.value))
  }
  return headers
}

extension CompiledSubscription {
  /// The header fields that are those of the request which makes the change.
  ///
  /// Choice: what is told of several changes, by the clock or held back by throttling, has none.
  package var repeatedHeaders: [String] {
    subscription.notification.endpoint.receiverInfo.filter { $0.isFromRequest && !$0.isManaged }
      .map(\.key)
  }
}

extension KeyValuePair {
  fileprivate var isManaged: Bool { managedHeaders.contains(key.lowercased()) }
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

  fileprivate var link: String? { receiverInfo.first { $0.key.lowercased() == "link" }?.value }

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

/// Fields that the broker or the HTTP client set, in lower case.
private let managedHeaders: Set = [
  "content-type", "link", "ngsild-tenant", "host", "content-length", "transfer-encoding",
  "connection", "expect", "te", "trailer", "upgrade", "keep-alive",
]
