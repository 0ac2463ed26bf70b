import Broker
import EventLoop
import Glibc
import JSONLD
import NGSILD
import Postgres
import Storage

/// `kontext index`: which Attributes queries find by an index.
struct IndexCommand: Sendable {
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

  private(set) var action: Action
  private(set) var tenant: TenantName?
  private(set) var databaseURL: String

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    self.databaseURL = databaseURL ?? ""
    var words: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--") else {
        words.append(argument)
        continue
      }
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard ["--database-url", "--tenant"].contains(parts[0]) else {
        throw ConfigurationError(
          description: "'\(argument)' is no option of 'kontext index'; see 'kontext index --help'")
      }
      guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
        throw ConfigurationError(description: "\(parts[0]) needs a value")
      }
      if parts[0] == "--tenant" {
        tenant = try Self.tenant(value)
      } else {
        self.databaseURL = value
      }
    }
    action = try Self.action(words)
    guard !self.databaseURL.isEmpty else {
      throw ConfigurationError(
        description: "No database is named; set KONTEXT_DATABASE_URL, or use --database-url")
    }
  }

  private static func tenant(_ name: String) throws(ConfigurationError) -> TenantName {
    do throws(NGSILDError) {
      return try TenantName(name)
    } catch {
      throw ConfigurationError(description: error.detail)
    }
  }

  private static func action(_ words: [String]) throws(ConfigurationError) -> Action {
    switch (words.first, words.count) {
    case ("list", 1): return .list
    case ("add", 3): return .add(type: try iri(words[1]), attribute: try iri(words[2]))
    case ("remove", 3): return .remove(type: try iri(words[1]), attribute: try iri(words[2]))
    default:
      throw ConfigurationError(
        description:
          "'kontext index \(words.joined(separator: " "))' is no command; "
          + "'add TYPE ATTRIBUTE', 'remove TYPE ATTRIBUTE' or 'list' is expected")
    }
  }

  private static func iri(_ name: String) throws(ConfigurationError) -> IRI {
    let iri = Context.core.expand(name)
    guard iri.text.contains(":") else {
      throw ConfigurationError(
        description: "'\(name)' is no name of a type or an Attribute; nor is it an IRI")
    }
    return iri
  }
}

// MARK: Running

extension IndexCommand {
  /// Returns a sentence about what went wrong; nil if nothing did.
  func run() -> String? { runOnDatabase { loop throws(PostgresError) in try await run(on: loop) } }

  private func run(on loop: EventLoop) async throws(PostgresError) -> String? {
    let configuration = BrokerConfiguration(databaseURL: databaseURL)
    let tables = BrokerTables()
    _ = try await tables.prepare(configuration, on: loop)
    let pool = configuration.singleConnection(on: loop)
    defer { pool.close() }
    let number: TenantNumber
    do throws(NGSILDError) {
      number = try await tables.tenants.number(of: tenant ?? .standard, in: pool)
    } catch {
      return error.detail
    }
    var reporter = ProgressReporter()
    let store = IndexStore(pool: pool, names: tables.names) { reporter.report($0) }
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

  private func say(_ line: String) {
    print(line)
    fflush(nil)
  }
}
