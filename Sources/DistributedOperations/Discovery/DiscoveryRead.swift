package import JSONLD
import NGSILD
package import Registrations

/// Which types or Attributes a source is asked for.
///
/// Standard: GS CIM 009, 5.7.5 to 5.7.11.
package enum DiscoveryRead: Hashable, Sendable {
  case types(details: Bool)
  case type(IRI)
  case attributes(details: Bool)
  case attribute(IRI)

  /// By what name registrations list it.
  package var registered: RegisteredOperation {
    switch self {
    case .types(details: false): .retrieveEntityTypes
    case .types(details: true): .retrieveEntityTypeDetails
    case .type: .retrieveEntityTypeInfo
    case .attributes(details: false): .retrieveAttrTypes
    case .attributes(details: true): .retrieveAttrTypeDetails
    case .attribute: .retrieveAttrTypeInfo
    }
  }

  package func request(at address: SourceAddress) -> SourceRequest {
    switch self {
    case .types(let details): address.request("GET", "/types", Self.parameters(details))
    case .attributes(let details): address.request("GET", "/attributes", Self.parameters(details))
    case .type(let name): address.request("GET", "/types/\(pathSegment(address.name(name)))")
    case .attribute(let name):
      address.request("GET", "/attributes/\(pathSegment(address.name(name)))")
    }
  }

  private static func parameters(_ details: Bool) -> [(name: String, value: String)] {
    details ? [("details", "true")] : []
  }
}
