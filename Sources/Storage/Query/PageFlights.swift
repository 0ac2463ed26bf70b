import EventLoop
import Postgres

/// Short pages that are asked for in one tick of the loop, or while others are under way, fly
/// together: they share a transaction, a look at the versions, and the way there and back, which
/// makes them a sixth cheaper.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class PageFlights: @unchecked Sendable {
  /// What the versions were when the page was read, and its rows.
  typealias Page = (versions: Rows, rows: Rows)

  private struct Request {
    let tenant: TenantNumber
    let statement: SQL
    let continuation: UnsafeContinuation<Result<Page, PostgresError>, Never>
  }

  private let readers: Pool
  private let versions: (TenantNumber) -> SQL
  /// More would keep the first answer waiting for longer than they spare.
  private let pagesMax = 8
  private var waiting: [Request] = []
  private var flights = 0

  /// - Parameter versions: a statement that reads those of a tenant.
  init(readers: Pool, versions: @escaping (TenantNumber) -> SQL) {
    self.readers = readers
    self.versions = versions
    readers.loop.beforeSleep(.flush) { [weak self] in
      self?.flush()
      return nil
    }
  }

  /// Runs a statement that takes little time.
  func page(_ statement: SQL, of tenant: TenantNumber) async throws(PostgresError) -> Page {
    try await withUnsafeContinuation { continuation in
      waiting.append(Request(tenant: tenant, statement: statement, continuation: continuation))
    }.get()
  }

  private func flush() {
    while let tenant = waiting.first?.tenant, flights == 0 || waiting.count >= pagesMax {
      let batch = Array(waiting.prefix(pagesMax).prefix { $0.tenant == tenant })
      waiting.removeFirst(batch.count)
      flights += 1
      Task(executorPreference: readers.loop) { [self] in
        await run(batch, of: tenant)
        flights -= 1
      }
    }
  }

  private func run(_ batch: [Request], of tenant: TenantNumber) async {
    do throws(PostgresError) {
      let results = try await readers.flight([versions(tenant)] + batch.map(\.statement))
      for (request, rows) in zip(batch, results.dropFirst()) {
        request.continuation.resume(returning: .success((results[0], rows)))
      }
    } catch {
      guard batch.count > 1 else {
        return batch[0].continuation.resume(returning: .failure(error))
      }
      // One that fails takes the others of its transaction along.
      for request in batch { await run([request], of: tenant) }
    }
  }
}
