import Broker
import EventLoop
import Glibc
import NGSILD
import Postgres
import Storage

/// `kontext tenant list` and `kontext tenant remove NAME`: run beside brokers or without any.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class TenantCommand: @unchecked Sendable {
  enum Action {
    case list
    case remove(TenantName, isConfirmed: Bool)
  }

  private let action: Action
  private let loop = EventLoop()
  private let pool: Pool
  private var store: TenantStore { TenantStore(pool: pool) }
  private var status: Int32 = 0

  /// A request may use a tenant that its broker has just forgotten.
  private static let wait = TenantTable.trust + .seconds(2)

  /// - Parameter arguments: what follows `kontext tenant`.
  init(
    _ arguments: [String], environment: [String: String]
  ) throws(ConfigurationError) {
    var options = arguments[...]
    switch options.popFirst() {
    case "list": action = .list
    case "remove":
      guard let name = options.popFirst() else { throw Self.usage }
      let isConfirmed = options.contains("--yes")
      options.removeAll { $0 == "--yes" }
      action = .remove(try TenantName(argument: name), isConfirmed: isConfirmed)
    default: throw Self.usage
    }
    let configuration = try Configuration(environment: environment, options: Array(options))
    pool = Pool(
      Pool.Configuration(
        Connection.Configuration(url: configuration.databaseURL), connectionsMax: 1),
      on: loop)
  }

  private static let usage = ConfigurationError(
    description: "'kontext tenant list' or 'kontext tenant remove NAME [--yes]' is expected")

  /// Returns the status that the process ends with.
  func run() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    Task(executorPreference: loop) {
      await self.carryOut()
      self.pool.close()
      self.loop.stop()
    }
    loop.run()
    return status
  }

  private func carryOut() async {
    do throws(NGSILDError) {
      switch action {
      case .list: try await list()
      case .remove(let name, let isConfirmed): try await remove(name, isConfirmed: isConfirmed)
      }
    } catch {
      fail(error.detail)
    }
  }

  private func fail(_ sentence: String) {
    print("kontext: \(sentence)", to: STDERR_FILENO)
    status = 1
  }

  // MARK: List

  private func list() async throws(NGSILDError) {
    let tenants = try await figures()
    let heads = ["TENANT", "ENTITIES", "SUBSCRIPTIONS", "HISTORY ROWS", "SIZE"]
    let rows = tenants.map { tenant in
      [
        (tenant.name.isEmpty ? "(default)" : tenant.name)
          + (tenant.isRemoved ? " (being removed)" : ""),
        "\(tenant.entities)", "\(tenant.subscriptions)", "about \(tenant.historyRows)",
        "about \((tenant.bytes + 1_048_575) / 1_048_576) MB",
      ]
    }
    let widths = heads.indices.map { column in
      ([heads] + rows).map { $0[column].count }.max() ?? 0
    }
    for row in [heads] + rows {
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + space : space + text
      }
      print(cells.joined(separator: "  "), to: STDOUT_FILENO)
    }
  }

  private func figures() async throws(NGSILDError) -> [TenantFigures] {
    try await database { () throws(PostgresError) in try await store.list() }
  }

  // MARK: Removal

  private func remove(_ name: TenantName, isConfirmed: Bool) async throws(NGSILDError) {
    let found = try await figures().filter { $0.name == name.text }
    guard !found.isEmpty else { return fail("There is no tenant '\(name.text)'") }
    let entities = found.reduce(0) { $0 + $1.entities }
    let history = found.reduce(0) { $0 + $1.historyRows }
    print(
      "The tenant '\(name.text)' has \(entities) Entities and about \(history) rows of history.",
      to: STDOUT_FILENO)
    guard isConfirmed || isTypedAgain(name) else { return fail("Nothing was removed") }
    let numbers = try await database { () throws(PostgresError) in
      try await store.markRemoved(name)
    }
    let seconds = Self.wait.components.seconds
    print("Waiting \(seconds) seconds, until all brokers have forgotten it.", to: STDOUT_FILENO)
    await pause(Self.wait)
    for number in numbers {
      try await removeContents(of: number)
      try await database { () throws(PostgresError) in try await store.remove(number) }
    }
    print("Removed.", to: STDOUT_FILENO)
  }

  private func isTypedAgain(_ name: TenantName) -> Bool {
    print("Type its name again to remove all of it: ", to: STDOUT_FILENO)
    return readLine() == name.text
  }

  private func removeContents(of number: TenantNumber) async throws(NGSILDError) {
    var told = ContinuousClock.now
    try await store.removeContents(of: number) { rows in
      guard .now - told > .seconds(1) else { return }
      told = .now
      print("\(rows) rows removed", to: STDOUT_FILENO)
    }
  }

  private func pause(_ time: Duration) async {
    await withUnsafeContinuation { continuation in
      loop.after(time) { continuation.resume() }
    }
  }

  /// An operator is told what the database says.
  private func database<Result>(
    _ work: () async throws(PostgresError) -> Result
  ) async throws(NGSILDError) -> Result {
    do throws(PostgresError) {
      return try await work()
    } catch {
      throw NGSILDError(.internalError, "The database refused: \(error)")
    }
  }
}

private func print(_ line: String, to descriptor: Int32) {
  let bytes = Array((line + "\n").utf8)
  _ = write(descriptor, bytes, bytes.count)
}
