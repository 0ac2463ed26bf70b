package import NGSILD
package import Postgres

/// What is added to the counters of one registration.
package struct RequestCounts: Sendable {
  package let tenant: TenantNumber
  package var sent = 0
  package var failed = 0
  package var lastSuccess: DateTime?
  package var lastFailure: DateTime?

  package init(tenant: TenantNumber) { self.tenant = tenant }

  package mutating func add(_ other: RequestCounts) {
    sent += other.sent
    failed += other.failed
    lastSuccess = max(lastSuccess ?? .earliest, other.lastSuccess ?? .earliest).told
    lastFailure = max(lastFailure ?? .earliest, other.lastFailure ?? .earliest).told
  }
}

extension RegistrationStore {
  /// Adds to counters; of registrations that are no more nothing is kept.
  package static func count(
    _ counts: [RegistrationNumber: RequestCounts], in pool: Pool
  ) async throws(PostgresError) {
    // In one order, so that two processes do not wait for each other.
    let counts = counts.sorted { $0.key < $1.key }
    try await pool.query(
      """
      UPDATE registration_request AS r
      SET times_sent = r.times_sent + new.sent, times_failed = r.times_failed + new.failed,
        last_success = greatest(r.last_success, new.success),
        last_failure = greatest(r.last_failure, new.failure)
      FROM (
        SELECT r.tenant, r.registration, new.sent, new.failed, new.success, new.failure
        FROM unnest(
          \(counts.map(\.value.tenant)), \(counts.map(\.key)),
          \(counts.map(\.value.sent)), \(counts.map(\.value.failed)),
          \(counts.map { $0.value.lastSuccess?.timestamp }),
          \(counts.map { $0.value.lastFailure?.timestamp })
        ) AS new (tenant, registration, sent, failed, success, failure)
        JOIN registration_request AS r USING (tenant, registration)
        ORDER BY r.tenant, r.registration
        FOR UPDATE OF r
      ) AS new
      WHERE r.tenant = new.tenant AND r.registration = new.registration
      """)
  }
}
