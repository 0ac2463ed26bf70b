import Broker
import EventLoop
import Glibc
import JSONLD
import NGSILD
import Postgres
import Storage

/// `kontext index`: which Attributes queries find by an index.
struct IndexCommand: Command, Sendable {
  enum Action: Hashable {
    case add(type: IRI, attribute: IRI)
    case remove(type: IRI, attribute: IRI)
    case list
  }

  static let help = """
    kontext index add TYPE ATTRIBUTE      index an Attribute of the Entities of a type
    kontext index remove TYPE ATTRIBUTE   take that back
    kontext index list                    list what is indexed

    TYPE and ATTRIBUTE are IRIs, or names that the Core's @context expands.

    Options, for each of them:
      --database-url URL
          PostgreSQL with PostGIS, as a libpq URI (required)
          KONTEXT_DATABASE_URL
      --tenant NAME
          the tenant whose Entities are meant (default: that without a name; all of list)

    Brokers go on meanwhile. 'add' that was interrupted goes on where it ended.
    """

  let action: Action
  let tenant: TenantName?
  let databaseURL: String

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    let arguments = try CommandArguments(
      arguments, of: "index", options: ["--database-url", "--tenant"], flags: [])
    tenant = try arguments.tenant()
    action = try Self.action(arguments.words)
    self.databaseURL = try arguments.databaseURL(orElse: databaseURL)
  }

  private static func action(_ words: [String]) throws(ConfigurationError) -> Action {
    switch (words.first, words.count) {
    case ("list", 1): return .list
    case ("add", 3): return .add(type: try type(words[1]), attribute: try attribute(words[2]))
    case ("remove", 3): return .remove(type: try type(words[1]), attribute: try attribute(words[2]))
    default:
      throw ConfigurationError(
        description:
          "'kontext index \(words.joined(separator: " "))' is no command; "
          + "'add TYPE ATTRIBUTE', 'remove TYPE ATTRIBUTE' or 'list' is expected")
    }
  }

  private static func type(_ name: String) throws(ConfigurationError) -> IRI {
    try IRI(argument: name, of: "a type")
  }

  private static func attribute(_ name: String) throws(ConfigurationError) -> IRI {
    try IRI(argument: name, of: "an Attribute")
  }
}

// MARK: Running

extension IndexCommand {
  func run() -> String? {
    runOnDatabase(databaseURL, over: BrokerConfiguration.singleConnection) {
      database throws(PostgresError) in try await run(on: database)
    }
  }

  private func run(on database: CommandDatabase) async throws(PostgresError) -> String? {
    let number: TenantNumber
    do throws(NGSILDError) {
      number = try await database.number(of: tenant)
    } catch {
      return error.detail
    }
    var reporter = ProgressReporter()
    let store = IndexStore(pool: database.pool, names: database.tables.names) {
      reporter.report($0)
    }
    switch action {
    case .add(let type, let attribute):
      try await store.add(.init(tenant: number, type: type, attribute: attribute))
      print("\(attribute) of \(type) is indexed")
    case .remove(let type, let attribute):
      guard try await store.remove(.init(tenant: number, type: type, attribute: attribute)) else {
        return "\(attribute) of \(type) is not indexed"
      }
      print("\(attribute) of \(type) is indexed no more")
    case .list:
      for row in try await store.list(of: tenant.map { _ in number }) {
        let tenant = row.tenant.isEmpty ? "" : " of tenant \(row.tenant)"
        print("\(row.isReady ? "ready   " : "building")  \(row.type) \(row.attribute)\(tenant)")
      }
    }
    return nil
  }
}

/// Prints what is new, entered Entities at most once a second.
private struct ProgressReporter {
  private var last: IndexStore.Progress?
  private var nextCount = ContinuousClock.now

  mutating func report(_ progress: IndexStore.Progress) {
    guard progress != last else { return }
    last = progress
    switch progress {
    case .waitingForOther: say("Waiting for another 'kontext index' that changes this Attribute")
    case .waitingForTransactions(let count):
      say("Waiting for \(count) older transactions of the database to end")
    case .entered(let count, let total):
      guard .now >= nextCount || count == total else { return }
      nextCount = .now + .seconds(1)
      say("Entered \(count) of \(total) Entities")
    case .analyzing: say("Gathering statistics")
    }
  }
}
