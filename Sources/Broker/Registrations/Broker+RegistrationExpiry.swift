import NGSILD
import Postgres
import Storage

/// Registrations that have expired (GS CIM 009, 5.2.9).
extension Broker {
  private static let registrationsReapedAtOnce = 100

  /// Removes registrations that have expired, and tells who subscribed to them. Returns whether
  /// more may be waiting.
  ///
  /// Nothing else depends on it: they are not served from that instant on.
  ///
  /// - Parameter pool: where it looks for them.
  func reapRegistrations(foundIn pool: Pool) async throws(PostgresError) -> Bool {
    let expired = try await RegistrationStore.expired(
      at: .now, limit: Self.registrationsReapedAtOnce, in: pool)
    for (tenant, id) in expired {
      _ = try await commitRegistrations(of: tenant) { transaction throws(PostgresError) in
        try await transaction.reap(id)
        return nil
      }
    }
    return expired.count == Self.registrationsReapedAtOnce
  }
}
