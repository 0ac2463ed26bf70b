package import EventLoop
package import Log
package import NGSILD
import Postgres
package import Storage

/// Reads by id that arrive in one tick of the loop, or while another batch is under way, are one
/// statement: fewer and larger ones are a tenth cheaper. A batch that is full goes beside others.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class ReadBatcher: @unchecked Sendable {
  private struct Request {
    let reference: EntityReference
    let continuation: UnsafeContinuation<Result<[UInt8]?, NGSILDError>, Never>
  }

  private let loop: EventLoop
  private let store: EntityStore
  private let log: Log
  private let rowsMax = 64
  private let flightsMax = 4
  private let waitingMax = 20_000
  private var waiting: [Request] = []
  private var flights = 0

  package init(loop: EventLoop, store: EntityStore, log: Log) {
    self.loop = loop
    self.store = store
    self.log = log
    loop.beforeSleep(.flush) { [unowned self] in
      flush()
      return nil
    }
  }

  /// The stored form of an Entity; nil if there is none.
  package func document(
    of reference: EntityReference
  ) async throws(NGSILDError) -> [UInt8]? {
    guard waiting.count < waitingMax else {
      throw NGSILDError(.overloaded, "Too many reads are waiting; try again in a moment")
    }
    return try await withUnsafeContinuation { continuation in
      waiting.append(Request(reference: reference, continuation: continuation))
    }.get()
  }

  private func flush() {
    while !waiting.isEmpty, flights == 0 || flights < flightsMax && waiting.count >= rowsMax {
      let batch = Array(waiting.prefix(rowsMax))
      waiting.removeFirst(batch.count)
      flights += 1
      Task(executorPreference: loop) { [self] in
        await run(batch)
        flights -= 1
      }
    }
  }

  private func run(_ batch: [Request]) async {
    do throws(PostgresError) {
      let documents = try await store.documents(batch.map(\.reference), at: .now)
      for (request, document) in zip(batch, documents) {
        request.continuation.resume(returning: .success(document))
      }
    } catch {
      let failure = log.failure(error, at: "read")
      for request in batch { request.continuation.resume(returning: .failure(failure)) }
    }
  }
}
