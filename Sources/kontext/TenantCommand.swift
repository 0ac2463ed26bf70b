import Broker
import EventLoop
import NGSILD
import Postgres
import Storage

/// `kontext tenant`: which tenants there are, and the removal of one.
struct TenantCommand: Command, Sendable {
  enum Action: Hashable {
    case list
    case remove(TenantName, isConfirmed: Bool)
  }

  static let help = """
    kontext tenant list                  show tenants with what they have
    kontext tenant remove NAME [--yes]   remove one with all that it has; --yes asks no question

    Options, for each of them:
      --database-url URL
          PostgreSQL with PostGIS, as a libpq URI (required)
          KONTEXT_DATABASE_URL
    """

  let action: Action
  let databaseURL: String

  /// A request may use a tenant that its broker has just forgotten.
  private static let wait = TenantTable.trust + .seconds(2)

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    let arguments = try CommandArguments(
      arguments, of: "tenant", options: ["--database-url"], flags: ["--yes"])
    action = try Self.action(arguments)
    self.databaseURL = try arguments.databaseURL(orElse: databaseURL)
  }

  private static func action(
    _ arguments: CommandArguments
  ) throws(ConfigurationError) -> Action {
    let words = arguments.words
    switch (words.first, words.count, arguments.has("--yes")) {
    case ("list", 1, false): return .list
    case ("remove", 2, let isConfirmed):
      return .remove(try TenantName(argument: words[1]), isConfirmed: isConfirmed)
    default:
      throw ConfigurationError(
        description: "'kontext tenant list' or 'kontext tenant remove NAME [--yes]' is expected")
    }
  }
}

// MARK: Running

extension TenantCommand {
  func run() -> String? {
    runOnDatabase(databaseURL, over: BrokerConfiguration.singleConnection) {
      database throws(PostgresError) in try await run(on: database)
    }
  }

  private func run(on database: CommandDatabase) async throws(PostgresError) -> String? {
    let store = TenantStore(pool: database.pool)
    let tenants = try await store.list()
    switch action {
    case .list:
      show(tenants)
      return nil
    case .remove(let name, let isConfirmed):
      let found = tenants.filter { TenantName(stored: $0.name) == name }
      guard !found.isEmpty else { return "There is no tenant '\(name.text)'" }
      tell(of: found, name)
      guard isConfirmed || isTypedAgain(name) else { return "Nothing was removed" }
      return try await remove(name, from: store, on: database.loop)
    }
  }

  // MARK: List

  private func show(_ tenants: [TenantFigures]) {
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
      say(cells.joined(separator: "  "))
    }
  }

  // MARK: Removal

  private func tell(of found: [TenantFigures], _ name: TenantName) {
    let entities = found.reduce(0) { $0 + $1.entities }
    let history = found.reduce(0) { $0 + $1.historyRows }
    say("The tenant '\(name.text)' has \(entities) Entities and about \(history) rows of history.")
  }

  private func isTypedAgain(_ name: TenantName) -> Bool {
    say("Type its name again to remove all of it: ")
    return readLine().map(TenantName.init(stored:)) == name
  }

  private func remove(
    _ name: TenantName, from store: TenantStore, on loop: EventLoop
  ) async throws(PostgresError) -> String? {
    let numbers = try await store.markRemoved(name)
    say("Waiting \(Self.wait.components.seconds) seconds, until all brokers have forgotten it.")
    await withUnsafeContinuation { continuation in
      loop.after(Self.wait) { continuation.resume() }
    }
    for number in numbers {
      do throws(NGSILDError) {
        try await removeContents(of: number, from: store)
      } catch {
        return error.detail
      }
      try await store.remove(number)
    }
    say("Removed.")
    return nil
  }

  private func removeContents(
    of number: TenantNumber, from store: TenantStore
  ) async throws(NGSILDError) {
    var told = ContinuousClock.now
    try await store.removeContents(of: number) { rows in
      guard .now - told > .seconds(1) else { return }
      told = .now
      say("\(rows) rows removed")
    }
  }
}
