import JSONLD
import Postgres
import TestSupport
import Testing

// One after the other: each has two processes with their connections.
@Suite("Subscriptions that a process has not heard of", .serialized, .timeLimit(.minutes(15)))
struct UnheardSubscriptionTests {
  /// Runs `body` with two processes, of which the second hears of nothing but by NOTIFY, once both
  /// know a subscription with `members`.
  private func withProcesses(
    _ members: String = "", loader: any ContextLoader = NoLoader(),
    _ body: @escaping @Sendable (BareBroker, Receiver) async throws -> Void
  ) async throws {
    try await withDatabase { loop, database in
      let one = try await BareBroker.start(on: loop, database) { $0.sweepInterval = .seconds(600) }
      let other = try await BareBroker.start(on: loop, database, loader: loader) {
        $0.sweepInterval = .seconds(600)
      }
      let receiver = try Receiver(on: loop)
      try await one.subscribe(to: receiver, members: members)
      try await until("the other process knows it") { other.service.table.count == 1 }
      try await body(other, receiver)
      await one.shutDown()
      await other.shutDown()
      await receiver.close()
    }
  }

  /// Changes the subscription as another process does, but for the NOTIFY.
  private func change(_ assignment: SQL, unheardBy process: BareBroker) async throws {
    try await process.pool.query(
      """
      WITH tick AS (
        UPDATE subscription_clock SET version = version + 1 RETURNING version
      )
      UPDATE subscription SET \(assignment), version = tick.version FROM tick
      """)
  }

  @Test("one that was resumed is notified of the next write")
  func resumed() async throws {
    try await withProcesses(#""isActive": false,"#) { process, receiver in
      try await process.create("urn:ngsi-ld:Room:1", 1)
      try await change(
        "document = replace(document, '\"isActive\":false', '\"isActive\":true')",
        unheardBy: process)
      try await process.update("urn:ngsi-ld:Room:1", 2)
      try await receiver.received(1)
      #expect(receiver.received.map(\.value) == [2])
    }
  }

  @Test("one whose events somebody follows has the next write among them")
  func streamed() async throws {
    try await withProcesses { process, _ in
      try await change("streamed_until = now() + interval '1 hour'", unheardBy: process)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      #expect(try await process.count("event") == 1)
    }
  }

  @Test("a write does not wait for its context, which serves as soon as it is there")
  func context() async throws {
    let loader = HeldLoader()
    try await withProcesses(loader: loader) { process, receiver in
      try await change("context = \("\"\(HeldLoader.url)\"")", unheardBy: process)
      try await process.create("urn:ngsi-ld:Room:1", 1)
      try await receiver.received(1)
      #expect(receiver.received.first?.headers.first("Link")?.contains(CoreContext.url) == true)
      loader.release()
      var value = 1
      try await until("its context is there") {
        value += 1
        try await process.update("urn:ngsi-ld:Room:1", value)
        return receiver.received.last?.headers.first("Link")?.contains(HeldLoader.url) == true
      }
    }
  }
}

/// The host of a context that answers once it is let.
///
/// `@unchecked Sendable`: used on its loop's thread only.
private final class HeldLoader: ContextLoader, @unchecked Sendable {
  static let url = "http://x.example/c"
  private var isReleased = false
  private var held: [UnsafeContinuation<Void, Never>] = []

  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    if !isReleased { await withUnsafeContinuation { held.append($0) } }
    return try LoadedDocument(body: Array(#"{"@context": {"a": "urn:x:a"}}"#.utf8), url: url)
  }

  func release() {
    isReleased = true
    for continuation in held { continuation.resume() }
    held = []
  }
}
