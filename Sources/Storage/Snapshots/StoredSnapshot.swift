package import JSON
package import NGSILD
import Postgres

/// A row of `snapshot`, as it is written first.
package struct NewSnapshot: Sendable {
  package let tenant: TenantNumber
  package let id: String
  /// Of a clone: whose data it is to copy.
  package let source: TenantNumber?
  package let created: DateTime
  package let expires: DateTime
  package let status: String
  package let document: [UInt8]
  package let results: [UInt8]
  /// The value of the `@context` of its queries, as JSON; nil for the Core.
  package let context: [UInt8]?

  package init(
    tenant: TenantNumber, id: String, source: TenantNumber?, created: DateTime, expires: DateTime,
    status: String, document: [UInt8], results: [UInt8], context: [UInt8]?
  ) {
    self.tenant = tenant
    self.id = id
    self.source = source
    self.created = created
    self.expires = expires
    self.status = status
    self.document = document
    self.results = results
    self.context = context
  }
}

/// A row of `snapshot`, as it was read.
package struct StoredSnapshot: Sendable {
  package let tenant: TenantNumber
  package let tenantName: String
  package let id: String
  /// The tenant that has its data.
  package let data: TenantNumber
  package let source: TenantNumber?
  package let status: String
  package let created: DateTime
  package let modified: DateTime
  package let expires: DateTime
  package let lastUsed: DateTime
  package let document: JSONValue
  package let results: JSONValue
  /// nil for the Core.
  package let context: JSONValue?

  /// Of the row `s`, whose tenant is `t`.
  static let columns: SQL = """
    s.tenant, t.name, s.id, s.data, s.source, s.status, s.created, s.modified,
    s.expires, s.last_used, s.document, s.results, s.context
    """

  init(_ row: Row) {
    tenant = TenantNumber(row[0].int)
    tenantName = row[1].string
    id = row[2].string
    data = TenantNumber(row[3].int)
    source = row[4].present.map { TenantNumber($0.int) }
    status = row[5].string
    created = DateTime(row[6].timestamp)
    modified = DateTime(row[7].timestamp)
    expires = DateTime(row[8].timestamp)
    lastUsed = DateTime(row[9].timestamp)
    document = JSONValue(storedDocument: row[10].bytes)
    results = JSONValue(storedDocument: row[11].bytes)
    let context = JSONValue(storedDocument: row[12].bytes)
    self.context = context.isNull ? nil : context
  }
}
