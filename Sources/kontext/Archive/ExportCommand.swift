import Broker
import EventLoop
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Storage

/// `kontext export`: Entities with their history, as lines of JSON-LD.
struct ExportCommand: Command, Sendable {
  static let help = """
    kontext export [--output FILE [--resume]]   write Entities with their history

    Each line is JSON-LD with names that are IRIs: for each Entity its state, then its history. They
    go to standard output, or to a new file; with --resume, an export that was broken off goes on in
    it. Brokers may go on running.

    Options:
      --database-url URL
          PostgreSQL with PostGIS, as a libpq URI (required)
          KONTEXT_DATABASE_URL
      --tenant NAME
          the tenant whose Entities are meant (default: that without a name)
      --type SELECTION
          Entities that have or had these types only, such as 'Room|Building'; names are IRIs, or
          those that the Core's @context expands
    """

  let output: String?
  let resumes: Bool
  let types: TypeSelection?
  let tenant: TenantName
  let databaseURL: String

  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError) {
    let arguments = try CommandArguments(
      arguments, of: "export", options: ["--database-url", "--tenant", "--type", "--output"],
      flags: ["--resume"])
    output = arguments["--output"]
    resumes = arguments.has("--resume")
    guard arguments.words.isEmpty, output != nil || !resumes else {
      throw ConfigurationError(
        description: "'[--output FILE [--resume]]' is expected; see 'kontext export --help'")
    }
    tenant = try arguments.tenant() ?? .standard
    self.databaseURL = try arguments.databaseURL(orElse: databaseURL)
    types = try Self.types(arguments["--type"])
  }

  private static func types(_ text: String?) throws(ConfigurationError) -> TypeSelection? {
    guard let text else { return nil }
    do throws(NGSILDError) {
      return try TypeSelection(parsing: text, expander: Context.core)
    } catch {
      throw ConfigurationError(description: error.detail)
    }
  }

  func run() throws(ConfigurationError) -> String? {
    runOnDatabase(databaseURL, over: BrokerConfiguration.archiveConnections) {
      database throws(PostgresError) in await run(on: database)
    }
  }

  private func run(on database: CommandDatabase) async -> String? {
    do throws(NGSILDError) {
      let (tables, pool) = (database.tables, database.pool)
      return try await export(
        ArchiveExport(
          history: HistoryStore(
            names: tables.names, typesets: tables.typesets, queries: pool, pool: pool),
          tenant: try await database.number(of: tenant), types: types))
    } catch {
      return error.detail
    }
  }

  private func export(_ archive: ArchiveExport) async throws(NGSILDError) -> String? {
    do {
      let file =
        try output.map { path throws(ConfigurationError) in
          try resumes ? ArchiveFile(resuming: path) : ArchiveFile(creating: path)
        } ?? ArchiveFile()
      return try await write(archive, to: file)
    } catch let error as ConfigurationError {
      return error.description
    } catch {
      return "the database failed: \(error)"
    }
  }

  private func write(
    _ archive: ArchiveExport, to file: ArchiveFile
  ) async throws(PostgresError) -> String? {
    var start = ArchiveExport.Start.beginning
    if let id = file.resumesAt {
      guard let found = try await archive.start(at: id) else {
        return "'\(id)', with which the file ends, is no Entity; export into a new file"
      }
      start = found
    }
    var problem: String?
    var progress = ArchiveProgress()
    var done = ArchiveExport.Progress()
    try await archive.run(from: start) { lines, reached in
      done = reached
      progress.tell(reached.figures)
      guard file.write(lines) else {
        problem = "The lines cannot be written: \(systemError())"
        return false
      }
      return true
    }
    if problem == nil { ArchiveProgress.say("Exported \(done.figures)") }
    return problem
  }
}

extension ArchiveExport.Progress {
  fileprivate var figures: String {
    "\(entities) Entities, \(instances) instances" + (hours > 0 ? ", \(hours) hours" : "")
  }
}
