import Broker
import EventLoop
import JSONLD
import NGSILD
import Postgres
import Storage

/// `kontext retention`: how long the history of Entities is kept.
struct RetentionCommand: Command, Sendable {
  enum Action: Hashable {
    case set(type: IRI, hours: Int32, rollsUp: Bool)
    case list
    case remove(type: IRI)
    case simulate(type: IRI, hours: Int32)
    case simulateAll
    case enforce
  }

  static let help = """
    kontext retention set --type TYPE --keep TIME [--rollup]   keep history that long only
    kontext retention remove --type TYPE                       keep it for ever again
    kontext retention list                                     list what is kept how long
    kontext retention simulate [--type TYPE --keep TIME]       tell what would go now, or by that
    kontext retention enforce                                  let go now of what is too old

    TYPE is an IRI, or a name that the Core's @context expands. TIME is a number with h, d, w or y
    (365 days), such as 90d. With --rollup, numbers leave their hourly minimum, maximum, average and
    count.

    Options, for each of them:
      --database-url URL
          PostgreSQL with PostGIS, as a libpq URI (required)
          KONTEXT_DATABASE_URL
      --tenant NAME
          the tenant whose Entities are meant (default: that without a name; all of list, and of
          simulate without a type); not for enforce, which is about all

    Running brokers begin to let go of history within a quarter of an hour, the Attributes' last
    values included; the Entities' state stays. Of an Entity with several types that have a time,
    the longest counts. `enforce` does the same here and now, and tells how far it is; requests go
    on meanwhile.
    """

  let action: Action
  let tenant: TenantName?
  let databaseURL: String

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    let arguments = try CommandArguments(
      arguments, of: "retention", options: ["--database-url", "--tenant", "--type", "--keep"],
      flags: ["--rollup"])
    tenant = try arguments.tenant()
    self.databaseURL = try arguments.databaseURL(orElse: databaseURL)
    action = try Self.action(arguments)
    if action == .enforce, let tenant {
      throw ConfigurationError(
        description: "'enforce' is about all tenants; it takes no '--tenant \(tenant.text)'")
    }
  }

  private static func action(
    _ arguments: CommandArguments
  ) throws(ConfigurationError) -> Action {
    let type = try arguments.type()
    let hours = try arguments["--keep"].map(hours)
    let rollsUp = arguments.has("--rollup")
    switch (arguments.words, type, hours, rollsUp) {
    case (["set"], let type?, let hours?, _):
      return .set(type: type, hours: hours, rollsUp: rollsUp)
    case (["remove"], let type?, nil, false): return .remove(type: type)
    case (["list"], nil, nil, false): return .list
    case (["simulate"], nil, nil, false): return .simulateAll
    case (["enforce"], nil, nil, false): return .enforce
    case (["simulate"], let type?, let hours?, false): return .simulate(type: type, hours: hours)
    default:
      throw ConfigurationError(
        description:
          "'set --type TYPE --keep TIME [--rollup]', 'remove --type TYPE', 'list', "
          + "'simulate [--type TYPE --keep TIME]' or 'enforce' is expected; "
          + "see 'kontext retention --help'")
    }
  }

  private static let unitHours: [Character: Int32] = ["h": 1, "d": 24, "w": 168, "y": 8760]

  /// At most a thousand years.
  private static func hours(_ text: String) throws(ConfigurationError) -> Int32 {
    guard let unit = text.last.flatMap({ unitHours[$0] }), let count = Int32(text.dropLast()),
      count > 0, count <= 8_760_000 / unit
    else {
      throw ConfigurationError(
        description: "'\(text)' is no time; a number with h, d, w or y is expected, such as 90d")
    }
    return count * unit
  }
}

// MARK: Running

extension RetentionCommand {
  func run() -> String? {
    runOnDatabase(databaseURL, over: BrokerConfiguration.retentionConnection) {
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
    let store = RetentionStore(pool: database.pool, names: database.tables.names)
    switch action {
    case .set(let type, let hours, let rollsUp):
      try await store.set(
        RetentionPolicy(tenant: number, type: type, hours: hours, rollsUp: rollsUp))
      print("The history of \(type) is kept for \(Self.time(Int(hours)))")
    case .remove(let type):
      guard try await store.remove(type, tenant: number) else {
        return "The history of \(type) is kept for ever already"
      }
      print("The history of \(type) is kept for ever")
    case .list:
      for row in try await store.list(of: tenant.map { _ in number }) { show(row) }
    case .simulate(let type, let hours):
      let policy = RetentionPolicy(tenant: number, type: type, hours: hours, rollsUp: false)
      show(try await store.simulate(policy, of: number))
    case .simulateAll:
      show(try await store.simulate(nil, of: tenant.map { _ in number }))
    case .enforce: return try await enforceRetention(over: database.pool)
    }
    return nil
  }

  private func show(_ row: RetentionStore.Listed) {
    let rollUp = row.rollsUp ? ", then hourly figures" : ""
    print("\(row.type)\(Self.suffix(row.tenant)): \(Self.time(row.hours))\(rollUp)")
  }

  private func show(_ freed: [RetentionStore.Freed]) {
    for row in freed {
      let types = row.types.map(\.text).joined(separator: ", ")
      print("\(types)\(Self.suffix(row.tenant)): \(row.rows) rows, \(row.bytes) bytes")
    }
    let rows = freed.reduce(0) { $0 + $1.rows }
    let bytes = freed.reduce(0) { $0 + $1.bytes }
    print("Would free \(rows) rows of \(bytes) bytes, beside their indexes")
  }

  private static func suffix(_ tenant: String) -> String {
    tenant.isEmpty ? "" : " of tenant \(tenant)"
  }

  private static func time(_ hours: Int) -> String {
    hours % 24 == 0 ? "\(hours / 24) days" : "\(hours) hours"
  }
}
