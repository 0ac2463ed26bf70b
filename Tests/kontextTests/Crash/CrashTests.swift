import EventLoop
import Glibc
import JSON
import TestSupport
import Testing

/// Acknowledged means kept: brokers and PostgreSQL are killed while clients write.
///
/// `KONTEXT_CRASH_ROUNDS` says how often, `KONTEXT_CRASH_SEED` repeats a run.
@Suite("Crashes", .serialized, .timeLimit(.minutes(30)))
struct CrashTests {
  private static let entities = (1...8).map { "urn:x:\($0)" }
  private static let rounds =
    getenv("KONTEXT_CRASH_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 8

  private enum Blow: CaseIterable {
    case broker, allBrokers, databaseFast, databaseImmediate
  }

  @Test("every acknowledged update is kept once and notified", arguments: [1, 2])
  func crash(processes: Int) async throws {
    let given = getenv("KONTEXT_CRASH_SEED").flatMap { UInt64(String(cString: $0)) }
    var generator =
      given.map { SeededGenerator(seed: $0) }
      ?? SeededGenerator(printingSeedOf: "crash of \(processes)")
    let cluster = try await onThread { try PrivateCluster() }
    let loop = EventLoop()
    let thread = loop.start()
    let sink = try await loop.task { try Sink(on: loop) }.value
    var brokers: [BrokerProcess] = []
    do {
      for _ in 0..<processes { brokers.append(try BrokerProcess(databaseURL: cluster.url)) }
      for broker in brokers { try await broker.start() }
      let ledger = Ledger()
      try await prepare(brokers[0], notifying: loop.task { sink.url }.value)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, entity) in Self.entities.enumerated() {
          let ports = brokers.map(\.port)
          group.addTask { try await update(entity, index, ports, ledger) }
        }
        for round in 1...Self.rounds {
          try await Task.sleep(for: .milliseconds(generator.number(20...400)))
          try await strike(round, generator.pick(Blow.allCases), brokers, cluster, &generator)
        }
        // What came through a crash goes on to work.
        let before = ledger.acknowledgedCount
        while ledger.acknowledgedCount < before + 100 { await Task.yield() }
        ledger.end()
        try await group.waitForAll()
      }
      print("crash: \(ledger.acknowledgedCount) of \(ledger.sentCount) updates acknowledged")
      try await checkKept(ledger, brokers[0].port)
      try await checkNotified(ledger, sink, on: loop)
    } catch {
      Issue.record("seed \(generator.seed): \(error)")
    }
    for broker in brokers { broker.kill() }
    try await loop.task { await sink.close() }.value
    loop.stop()
    thread.join()
    try await onThread { try cluster.remove() }
  }

  private func prepare(_ broker: BrokerProcess, notifying url: String) async throws {
    let port = broker.port
    try await onThread {
      var client = BlockingClient(port: port)
      for entity in Self.entities {
        let answer = client.send(
          "POST", "/ngsi-ld/v1/entities",
          #"{"id":"\#(entity)","type":"A","n":{"type":"Property","value":0}}"#)
        guard answer?.0 == 201 else { throw BrokerProcess.Failure(description: "No Entity") }
      }
      let subscription = """
        {"type":"Subscription","entities":[{"type":"A"}],"watchedAttributes":["n"],
        "notification":{"endpoint":{"uri":"\(url)","accept":"application/json"}}}
        """
      let answer = client.send("POST", "/ngsi-ld/v1/subscriptions", subscription)
      guard answer?.0 == 201 else {
        throw BrokerProcess.Failure(description: answer?.1 ?? "No Subscription")
      }
    }
  }

  /// Numbers updates of one Entity until the ledger ends, each through another broker.
  private func update(
    _ entity: String, _ index: Int, _ ports: [UInt16], _ ledger: Ledger
  ) async throws {
    try await onThread {
      var one = BlockingClient(port: ports[index % ports.count])
      var other = BlockingClient(port: ports[(index + 1) % ports.count])
      while let number = ledger.next(of: entity) {
        let body = #"{"n":{"type":"Property","value":\#(number)}}"#
        let path = "/ngsi-ld/v1/entities/\(entity)/attrs"
        let answer =
          number / 16 % 2 == 0
          ? one.send("PATCH", path, body) : other.send("PATCH", path, body)
        if answer?.0 == 204 { ledger.acknowledge(number, of: entity) }
        // A client that finds nobody, or no database, tries again in a moment.
        if answer?.0 != 204 { usleep(5000) }
      }
    }
  }

  // MARK: Blows

  private func strike(
    _ round: Int, _ blow: Blow, _ brokers: [BrokerProcess], _ cluster: PrivateCluster,
    _ generator: inout SeededGenerator
  ) async throws {
    print("crash: round \(round), \(blow)")
    switch blow {
    case .broker: try await restart([generator.pick(brokers)])
    case .allBrokers: try await restart(brokers)
    case .databaseFast: try await restart(cluster, .fast)
    case .databaseImmediate: try await restart(cluster, .immediate)
    }
  }

  private func restart(_ brokers: [BrokerProcess]) async throws {
    try await onThread { for broker in brokers { broker.kill() } }
    for broker in brokers { try await broker.start() }
  }

  private func restart(_ cluster: PrivateCluster, _ mode: PrivateCluster.Shutdown) async throws {
    try await onThread {
      try cluster.stop(mode)
      try cluster.start()
    }
  }

  // MARK: Checks

  private func checkKept(_ ledger: Ledger, _ port: UInt16) async throws {
    for (entity, account) in ledger.accounts {
      let (state, history) = try await onThread {
        var client = BlockingClient(port: port)
        let state = client.send("GET", "/ngsi-ld/v1/entities/\(entity)?format=simplified")
        let history = client.send("GET", "/ngsi-ld/v1/temporal/entities/\(entity)?attrs=n")
        return (
          try JSONValue(parsing: state?.1 ?? "null"), try JSONValue(parsing: history?.1 ?? "null")
        )
      }
      let kept = try #require(history["n"]).elements.compactMap { $0["value"]?.integer }
      let current = try #require(state["n"]?.integer)
      #expect(current >= account.acknowledged.last ?? 0, "\(entity)")
      #expect(current == kept.max(), "\(entity)")
      #expect(Set(kept).count == kept.count, "\(entity) has an update twice in its history")
      let lost = Set(account.acknowledged).subtracting(kept)
      #expect(lost.isEmpty, "\(entity) has lost \(lost.sorted())")
      #expect(Set(kept).isSubset(of: Set(account.sent).union([0])), "\(entity)")
    }
  }

  /// A process that was killed is known to be dead once its lease has run out, so this may take
  /// some seconds.
  private func checkNotified(_ ledger: Ledger, _ sink: Sink, on loop: EventLoop) async throws {
    let owed = ledger.accounts.mapValues { Set($0.acknowledged) }
    let received = try await loop.task {
      await sink.wait { numbers in
        owed.allSatisfy { entity, owed in owed.isSubset(of: numbers[entity] ?? []) }
      }
      return sink.numbers
    }.value
    for (entity, numbers) in received {
      var seen: Set<Int> = []
      let first = numbers.filter { seen.insert($0).inserted }
      #expect(first == first.sorted(), "\(entity) is notified out of order")
    }
    let count = received.values.reduce(0) { $0 + $1.count }
    print("crash: \(count) notifications received")
  }
}
