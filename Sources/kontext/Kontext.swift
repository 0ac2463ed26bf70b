import Glibc

/// The command line: `kontext serve`, `kontext tenant`, `kontext index`,
/// `kontext retention`, `kontext export`, `kontext import`, `--help`, `--version`.
@main
enum Kontext {
  static let version = "0.1.0"

  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    switch arguments.popFirst() {
    case "serve":
      if arguments.contains("--help") { return print(help) }
      serve(Array(arguments))
    case "tenant": run(TenantCommand.self, Array(arguments))
    case "index": run(IndexCommand.self, Array(arguments))
    case "retention": run(RetentionCommand.self, Array(arguments))
    case "export": run(ExportCommand.self, Array(arguments))
    case "import": run(ImportCommand.self, Array(arguments))
    case "--help", "-h", "help": print(help)
    case "--version", "version": print("kontext \(version)")
    case let other:
      fail(other.map { "'\($0)' is no command; 'kontext --help' lists them" } ?? help)
    }
  }

  private static func serve(_ options: [String]) {
    do throws(ConfigurationError) {
      Server(try Configuration(environment: environment(), options: options)).run()
    } catch {
      fail(error.description)
    }
  }

  /// Runs a command on the database that the environment names.
  private static func run(_ command: (some Command).Type, _ arguments: [String]) {
    if arguments.contains("--help") { return print(command.help) }
    do throws(ConfigurationError) {
      let url = environment()["KONTEXT_DATABASE_URL"]
      if let problem = try command.init(arguments, databaseURL: url).run() {
        fail(problem, status: 1)
      }
    } catch {
      fail(error.description)
    }
  }

  private static func fail(_ sentence: String, status: Int32 = 2) -> Never {
    let line = Array("kontext: \(sentence)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    exit(status)
  }

  private static func environment() -> [String: String] {
    var variables: [String: String] = [:]
    for setting in Configuration.settings {
      variables[setting.variable] = getenv(setting.variable).map { String(cString: $0) }
    }
    return variables
  }

  private static var help: String {
    let settings = Configuration.settings.map { setting in
      "  \(setting.option) \(setting.placeholder)\n      \(setting.help)\n      \(setting.variable)"
    }
    return """
      kontext: an NGSI-LD context broker over PostgreSQL

      kontext serve [OPTION ...]   serve the API until SIGTERM or SIGINT
      kontext tenant COMMAND       list tenants, or remove one; 'kontext tenant --help'
      kontext index COMMAND        say which Attributes are indexed; 'kontext index --help'
      kontext retention COMMAND    say how long history is kept; 'kontext retention --help'
      kontext export               write Entities with their history; 'kontext export --help'
      kontext import               add what was written so; 'kontext import --help'
      kontext --version            print the version
      kontext --help               print this

      Options of serve, each with the environment variable that says the same:
      \(settings.joined(separator: "\n"))
      """
  }
}
