import Glibc
import Postgres
import Storage

/// `kontext retention enforce`: one sweep, as brokers do it every ten minutes, with its progress.
///
/// Returns a sentence about what went wrong; nil if nothing did.
func enforceRetention(over pool: Pool) async throws(PostgresError) -> String? {
  let progress = SweepProgress()
  let sweep = RetentionSweep(pool: pool, didStep: progress.tell)
  guard let outcome = try await sweep.run() else {
    return "Another process, perhaps a broker, is letting go of history right now"
  }
  let (months, bytes) = (outcome.partitions.count, outcome.partitions.reduce(0) { $0 + $1.bytes })
  print("Dropped \(months) months of \(bytes) bytes, deleted \(outcome.rows) rows")
  guard outcome.inUse.isEmpty else {
    return "others use \(outcome.inUse.joined(separator: ", ")), which go with the next sweep"
  }
  return nil
}

/// Prints each month that is dropped, and at most once a second how many rows are deleted.
private final class SweepProgress {
  private var rows = 0
  private var nextCount = ContinuousClock.now

  func tell(_ step: RetentionSweep.Step) {
    switch step {
    case .dropped(let partition):
      say("Dropped \(partition.name) of \(partition.bytes) bytes")
    case .deleted(let count):
      rows += count
      guard .now >= nextCount else { return }
      nextCount = .now + .seconds(1)
      say("Deleted \(rows) rows")
    }
  }
}
