package import NGSILD
import Postgres

/// How a context came to be stored (GS CIM 009, 5.13.1).
package enum ContextKind: String, Sendable, CaseIterable {
  /// Added by a user.
  case hosted = "Hosted"
  /// A copy of a remote document.
  case cached = "Cached"
  /// Hosted by the broker, so that a context without URL can be linked.
  case implicitlyCreated = "ImplicitlyCreated"
}

/// What is known of a stored context, its content apart.
package struct StoredContext: Sendable {
  package let id: String
  package let kind: ContextKind
  /// Of a copy: where it comes from.
  package let url: String?
  package let created: DateTime
  package let expires: DateTime?
  package private(set) var lastUsage: DateTime?
  package private(set) var hits: Int

  static let columns: SQL = "c.id, c.kind, c.url, c.created, c.expires, c.last_usage, c.hits"

  /// The Core, which every broker has built in, shown as a copy of the document at its URL.
  ///
  /// - Parameter created: when it came to be here.
  package init(core url: String, created: DateTime) {
    self.init(
      id: "core", kind: .cached, url: url, created: created, expires: nil, lastUsage: nil, hits: 0)
  }

  private init(
    id: String, kind: ContextKind, url: String?, created: DateTime, expires: DateTime?,
    lastUsage: DateTime?, hits: Int
  ) {
    self.id = id
    self.kind = kind
    self.url = url
    self.created = created
    self.expires = expires
    self.lastUsage = lastUsage
    self.hits = hits
  }

  /// Adds uses that are not written yet.
  package mutating func add(hits: Int, usedAt: DateTime) {
    self.hits += hits
    lastUsage = max(lastUsage ?? usedAt, usedAt)
  }

  /// - Parameter row: begins with the columns above.
  init(_ row: Row) {
    id = row[0].string
    guard let kind = ContextKind(rawValue: row[1].string) else {
      preconditionFailure("The table allows no other kind")
    }
    self.kind = kind
    url = row[2].present?.string
    created = DateTime(microseconds: row[3].timestamp.microseconds)
    expires = row[4].present.map { DateTime(microseconds: $0.timestamp.microseconds) }
    lastUsage = row[5].present.map { DateTime(microseconds: $0.timestamp.microseconds) }
    hits = row[6].int
  }
}

/// Who may see which contexts: a tenant sees copies and what it hosts itself.
package struct ContextOwner: Sendable {
  let tenant: TenantName
  package init(_ tenant: TenantName) { self.tenant = tenant }

  /// On rows of `context AS c`.
  var condition: SQL {
    """
    (c.tenant IS NULL OR c.tenant = (SELECT t.id FROM tenant AS t WHERE t.name = \(tenant.text)))
    """
  }
}
