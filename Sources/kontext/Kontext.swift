import Glibc

/// The command line: `kontext serve`, `kontext tenant`, `kontext index`,
/// `kontext retention`, `--help`, `--version`.
@main
enum Kontext {
  static let version = "0.1.0"

  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    switch arguments.popFirst() {
    case "serve":
      if arguments.contains("--help") { return print(help) }
      serve(Array(arguments))
    case "tenant": tenant(Array(arguments))
    case "index":
      if arguments.contains("--help") { return print(IndexCommand.help) }
      index(Array(arguments))
    case "retention":
      if arguments.contains("--help") { return print(RetentionCommand.help) }
      retention(Array(arguments))
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

  private static func tenant(_ arguments: [String]) {
    do throws(ConfigurationError) {
      exit(try TenantCommand(arguments, environment: environment()).run())
    } catch {
      fail(error.description)
    }
  }

  private static func index(_ arguments: [String]) {
    do throws(ConfigurationError) {
      let databaseURL = environment()["KONTEXT_DATABASE_URL"]
      let problem = try IndexCommand(arguments, databaseURL: databaseURL).run()
      if let problem { fail(problem, status: 1) }
    } catch {
      fail(error.description)
    }
  }

  private static func retention(_ arguments: [String]) {
    do throws(ConfigurationError) {
      let databaseURL = environment()["KONTEXT_DATABASE_URL"]
      let problem = try RetentionCommand(arguments, databaseURL: databaseURL).run()
      if let problem { fail(problem, status: 1) }
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
      kontext tenant list          show tenants with what they have
      kontext tenant remove NAME   remove a tenant with all that it has; --yes asks no question
      kontext index COMMAND        say which Attributes are indexed; 'kontext index --help'
      kontext retention COMMAND    say how long history is kept; 'kontext retention --help'
      kontext --version            print the version
      kontext --help               print this

      Options of serve, each with the environment variable that says the same:
      \(settings.joined(separator: "\n"))
      """
  }
}
