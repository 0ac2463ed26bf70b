import JSONLD
package import Registrations

/// Where data of a Context Source is, whichever registrations lead there.
package struct SourceSite: Hashable, Sendable {
  fileprivate let endpoint: String
  fileprivate let tenant: String?

  package static func == (one: SourceSite, other: SourceSite) -> Bool {
    one.endpoint.isExactly(other.endpoint) && one.tenant.isExactly(other.tenant)
  }
}

extension Registration {
  package var site: SourceSite { SourceSite(endpoint: endpoint, tenant: tenant) }
}
