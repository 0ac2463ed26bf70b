import NGSILD
import Postgres
import Storage

/// Transient Entities and Attributes (GS CIM 009, 4.22).
extension Broker {
  private static let reapedAtOnce = 256

  /// Removes what has expired, as much as one round of batches holds, as deletions are carried out:
  /// with history and notifications. Returns whether more may be waiting.
  ///
  /// Reads do not depend on it: what has expired is not served from that instant on.
  ///
  /// - Parameter pool: where it looks for them.
  func reapExpired(foundIn pool: Pool) async throws(PostgresError) -> Bool {
    let now = DateTime.now
    let expired = try await EntityStore.expired(at: now, limit: Self.reapedAtOnce, in: pool)
    let outcomes = await writer.perform(expired.map { ($0, .expire) }, at: now)
    var reaped = 0
    for (reference, outcome) in zip(expired, outcomes) {
      switch outcome {
      case .success: reaped += 1
      // Someone else was faster, or gave it more time.
      case .failure(let error) where error.kind == .resourceNotFound: break
      case .failure(let error):
        log.warning("not reaped", ["entity": reference.id, "reason": error.detail])
      }
    }
    return expired.count == Self.reapedAtOnce && reaped > 0
  }
}
