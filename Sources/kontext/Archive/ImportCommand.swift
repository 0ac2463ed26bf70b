import Broker
import EventLoop
import NGSILD
import Postgres
import Storage

/// `kontext import`: adds what `kontext export` wrote.
struct ImportCommand: Command, Sendable {
  static let help = """
    kontext import [FILE] [--from-line N]   add Entities with their history

    Reads lines that 'kontext export' wrote, from a file or from standard input. Lines that are wrong
    are told of and passed over. Nobody is notified of what is added, and what is there already is
    left alone: the same command, or one with the line that was told of last, takes up an import that
    was broken off. An Entity that was created at another time is another one, and refused. Brokers
    may go on running.

    Options:
      --database-url URL
          PostgreSQL with PostGIS, as a libpq URI (required)
          KONTEXT_DATABASE_URL
      --tenant NAME
          the tenant that they are added to, made if need be (default: that without a name)
    """

  let input: String?
  let firstLine: Int
  let tenant: TenantName
  let databaseURL: String

  private static let linesAtOnce = 64
  private static let bytesAtOnce = 1 << 20

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    let arguments = try CommandArguments(
      arguments, of: "import", options: ["--database-url", "--tenant", "--from-line"], flags: [])
    guard arguments.words.count < 2, let line = Int(arguments["--from-line"] ?? "1"), line > 0
    else {
      throw ConfigurationError(
        description: "'[FILE] [--from-line N]' is expected; see 'kontext import --help'")
    }
    input = arguments.words.first
    firstLine = line
    tenant = try arguments.tenant() ?? .standard
    self.databaseURL = try arguments.databaseURL(orElse: databaseURL)
  }

  func run() throws(ConfigurationError) -> String? {
    runOnDatabase(databaseURL, over: BrokerConfiguration.archiveConnections) { database in
      await run(on: database)
    }
  }

  private func run(on database: CommandDatabase) async -> String? {
    let (tables, reader) = (database.tables, database.pool)
    let writer = database.configuration.archiveConnections(on: database.loop)
    defer { writer.close() }
    do {
      let number = try await tables.tenants.create(tenant, in: reader)
      let store = EntityStore(
        names: tables.names, typesets: tables.typesets, indexed: tables.indexed,
        keys: EntityStore.newKeys(), writers: writer,
        readers: reader)
      return try await add(
        try LineReader(path: input), to: ArchiveImport(store: store, tenant: number))
    } catch let error as NGSILDError {
      return error.detail
    } catch {
      return "\(error)"
    }
  }

  private func add(
    _ reader: consuming LineReader, to archive: ArchiveImport
  ) async throws -> String? {
    var progress = ArchiveProgress()
    var done = ArchiveImport.Outcome()
    var refused = 0
    while let lines = try batch(&reader) {
      let outcome = try await archive.add(lines)
      for refusal in outcome.refusals {
        ArchiveProgress.say("kontext: line \(refusal.line): \(refusal.reason)")
      }
      refused += outcome.refusals.count
      done += outcome
      done.refusals = []
      progress.tell("Line \(reader.number): \(done.figures)")
    }
    ArchiveProgress.say("Imported \(done.figures)")
    return refused == 0 ? nil : "Lines that were refused: \(refused)"
  }

  /// The lines that one transaction adds; nil at the end.
  private func batch(
    _ reader: inout LineReader
  ) throws(ConfigurationError) -> [ArchiveImport.Line]? {
    var lines: [ArchiveImport.Line] = []
    var bytes = 0
    while lines.count < Self.linesAtOnce, bytes < Self.bytesAtOnce {
      guard let line = try reader.next() else { return lines.isEmpty ? nil : lines }
      guard reader.number >= firstLine, !line.isEmpty else { continue }
      lines.append(ArchiveImport.Line(number: reader.number, bytes: line))
      bytes += line.count
    }
    return lines
  }
}

extension ArchiveImport.Outcome {
  fileprivate var figures: String {
    "\(entities) Entities, \(instances) instances" + (hours > 0 ? ", \(hours) hours" : "")
  }
}
