package import Postgres
package import Storage
import Synchronization

/// By what name other Context Sources know this one: all processes over one database are one.
///
/// Standard: GS CIM 009, 5.2.40; the alias stands in `Via` headers (6.3.18).
package final class SourceIdentity: Sendable {
  private let alias = Mutex("kontext")
  private let started = ContinuousClock.now

  package init() {}

  /// - Parameter given: the operator's alias; without one, the database's own number makes it.
  package func load(from pool: Pool, given: String?) async throws(PostgresError) {
    let rows = try await pool.query(
      "SELECT left(replace(id::text, '-', ''), 12) FROM context_source")
    let number = rows.first.map { $0[0].string } ?? ""
    alias.withLock { $0 = given ?? "kontext-\(number)" }
  }

  /// A token that names this Context Source, and, after a dot, the tenant.
  package func alias(of tenant: TenantName) -> String {
    let alias = alias.withLock { $0 }
    return tenant == .standard ? alias : "\(alias).\(token(tenant.text))"
  }

  package var uptime: Duration { ContinuousClock.now - started }

  /// Whether `text` can stand in a `Via` header, and no tenant can be taken for a part of it.
  package static func isAlias(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { isPlain($0) }
  }
}

/// `text` with all bytes but letters, digits, `-` and `_` percent-encoded.
private func token(_ text: String) -> String {
  var token = ""
  for byte in text.utf8 {
    if isPlain(byte) {
      token.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      let digits = String(byte, radix: 16, uppercase: true)
      token += "%" + (byte < 16 ? "0" : "") + digits
    }
  }
  return token
}

private func isPlain(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
    true
  default: false
  }
}
