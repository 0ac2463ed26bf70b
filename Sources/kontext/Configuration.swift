import Broker
import DistributedOperations
import Glibc
import HTTPAPI
import HTTPClient
import Log

/// What an operator can set: an environment variable and the same as an option of `serve`.
struct Configuration: Sendable {
  var databaseURL = ""
  var address = "*"
  var port: UInt16 = 1026
  var publicURL: String?
  var loops = min(Self.cores, 4)
  var writeConnections = 4
  var readConnections = 4
  var queryConnections = 4
  var queryTimeout = Duration.seconds(30)
  var historyInstances = 10_000
  var bodyBytesMax = 10 << 20
  var connectionsMax = 4096
  var deliveryTime = Duration.seconds(24 * 3600)
  var deadLettersMax = 1000
  var eventTime = Duration.seconds(3600)
  var allowedAddresses = AddressPolicy.publicOnly
  var corsOrigins = AllowedOrigins.none
  var takesTenantFromFIWAREService = false
  var snapshotLifetime = Duration.seconds(30 * 86400)
  var sourceAlias: String?
  var sourceTimeout = Duration.seconds(5)
  var sourceCredentialsPath: String?
  var sourceCredentials = SourceCredentials()
  var logLevel = Log.Level.info
  var logFormat: Log.Format?
  var drainTime = Duration.seconds(10)

  private static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// A setting with its two names.
  struct Setting: Sendable {
    let option: String
    let placeholder: String
    let help: String
    let apply: @Sendable (inout Configuration, String) -> Bool

    var variable: String {
      "KONTEXT_" + option.dropFirst(2).uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
  }

  static let settings: [Setting] = [
    Setting(
      option: "--database-url", placeholder: "URL",
      help: "PostgreSQL with PostGIS, as a libpq URI (required)"
    ) { configuration, text in
      configuration.databaseURL = text
      return text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    },
    Setting(
      option: "--address", placeholder: "ADDRESS",
      help: "where to listen: a numeric address, or * for all (default *)"
    ) { configuration, text in
      configuration.address = text
      return !text.isEmpty
    },
    Setting(option: "--port", placeholder: "PORT", help: "TCP port (default 1026)") {
      configuration, text in
      guard let port = UInt16(text) else { return false }
      configuration.port = port
      return true
    },
    Setting(
      option: "--public-url", placeholder: "URL",
      help:
        "where clients and Context Sources find the broker, for links to contexts that it hosts and "
        + "for notifications of sources (default: the Host of each request)"
    ) { configuration, text in
      configuration.publicURL = text.hasSuffix("/") ? String(text.dropLast()) : text
      return text.hasPrefix("http://") || text.hasPrefix("https://")
    },
    Setting(
      option: "--loops", placeholder: "N",
      help: "event loops, each one thread (default one for each core, at most 4)"
    ) { $0.set(\.loops, $1, 1...64) },
    Setting(
      option: "--write-connections", placeholder: "N",
      help: "database connections of each loop for writes (default 4)"
    ) { $0.set(\.writeConnections, $1, 1...64) },
    Setting(
      option: "--read-connections", placeholder: "N",
      help: "database connections of each loop for reads by id (default 4)"
    ) { $0.set(\.readConnections, $1, 1...64) },
    Setting(
      option: "--query-connections", placeholder: "N",
      help: "database connections of each loop for queries (default 4)"
    ) { $0.set(\.queryConnections, $1, 1...64) },
    Setting(
      option: "--query-timeout", placeholder: "SECONDS",
      help: "a longer query is cancelled and answered with 503 (default 30)"
    ) { $0.set(\.queryTimeout, seconds: $1, 1...3600) },
    Setting(
      option: "--history-instances", placeholder: "N",
      help:
        "instances of each Attribute that one temporal answer holds; more are answered in ranges, "
        + "with 206 (default 10000)"
    ) { $0.set(\.historyInstances, $1, 1...1_000_000) },
    Setting(
      option: "--body-bytes-max", placeholder: "BYTES",
      help: "a longer body gets 413 (default 10485760)"
    ) { $0.set(\.bodyBytesMax, $1, 1024...(64 << 20)) },
    Setting(
      option: "--connections-max", placeholder: "N",
      help: "HTTP connections of each loop (default 4096)"
    ) { $0.set(\.connectionsMax, $1, 1...1_000_000) },
    Setting(
      option: "--allow-addresses", placeholder: "LIST",
      help:
        "addresses beside public ones to which notifications and requests to Context Sources go "
        + "and from which contexts come: CIDR blocks, loopback, private, link-local, all "
        + "(default none)"
    ) { configuration, text in
      guard let policy = try? AddressPolicy(parsing: text) else { return false }
      configuration.allowedAddresses = policy
      return true
    },
    Setting(
      option: "--delivery-time", placeholder: "SECONDS",
      help:
        "a notification that cannot be delivered is tried for so long, then it is a dead letter "
        + "(default 86400)"
    ) { $0.set(\.deliveryTime, seconds: $1, 1...(366 * 86400)) },
    Setting(
      option: "--dead-letters-max", placeholder: "N",
      help: "dead letters of each subscription that are kept, the newest (default 1000)"
    ) { $0.set(\.deadLettersMax, $1, 0...1_000_000) },
    Setting(
      option: "--event-time", placeholder: "SECONDS",
      help:
        "events of a subscription are kept for so long, so that who was cut off goes on where it "
        + "was (default 3600)"
    ) { $0.set(\.eventTime, seconds: $1, 1...(366 * 86400)) },
    Setting(
      option: "--cors-origins", placeholder: "LIST",
      help:
        "origins whose web pages may call the API, such as https://map.example, or * for all "
        + "(default none)"
    ) { configuration, text in
      guard let origins = AllowedOrigins(parsing: text) else { return false }
      configuration.corsOrigins = origins
      return true
    },
    Setting(
      option: "--fiware-service", placeholder: "WORD",
      help:
        "what the header fiware-service does: ignore, or tenant, which it names where there is no "
        + "NGSILD-Tenant (default ignore)"
    ) { configuration, text in
      configuration.takesTenantFromFIWAREService = text == "tenant"
      return text == "tenant" || text == "ignore"
    },
    Setting(
      option: "--snapshot-lifetime-max", placeholder: "SECONDS",
      help: "how long a Snapshot, or a map of Entities, is kept at most (default 2592000)"
    ) { $0.set(\.snapshotLifetime, seconds: $1, 1...(366 * 86400)) },
    Setting(
      option: "--source-alias", placeholder: "NAME",
      help:
        "by what name other Context Sources know this one: letters, digits, - and _ (default one "
        + "made for the database)"
    ) { configuration, text in
      configuration.sourceAlias = text
      return SourceIdentity.isAlias(text)
    },
    Setting(
      option: "--source-timeout", placeholder: "SECONDS",
      help:
        "how long a Context Source may take to answer that says nothing of it itself (default 5)"
    ) { $0.set(\.sourceTimeout, seconds: $1, 1...300) },
    Setting(
      option: "--source-credentials", placeholder: "FILE",
      help: "by what tokens for Context Sources are had: a JSON file, read at start (default none)"
    ) { configuration, text in
      configuration.sourceCredentialsPath = text
      return true
    },
    Setting(
      option: "--log-level", placeholder: "LEVEL",
      help: "debug, info, warning or error (default info)"
    ) { configuration, text in
      guard let level = Log.Level(text) else { return false }
      configuration.logLevel = level
      return true
    },
    Setting(
      option: "--log-format", placeholder: "FORMAT",
      help: "text or json (default text on a terminal, json otherwise)"
    ) { configuration, text in
      configuration.logFormat = text == "text" ? .text : .json
      return text == "text" || text == "json"
    },
    Setting(
      option: "--drain-time", placeholder: "SECONDS",
      help: "how long requests under way may take after SIGTERM (default 10)"
    ) { $0.set(\.drainTime, seconds: $1, 0...3600) },
  ]
}

/// A sentence about a setting that is wrong.
struct ConfigurationError: Error, CustomStringConvertible {
  let description: String
}

extension Configuration {
  /// Reads the environment, then the options, which win.
  init(
    environment: [String: String], options: [String]
  ) throws(ConfigurationError) {
    self.init()
    for setting in Self.settings {
      guard let text = environment[setting.variable], !text.isEmpty else { continue }
      try apply(setting, text, named: setting.variable)
    }
    var rest = options[...]
    while let option = rest.popFirst() {
      let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard let setting = Self.settings.first(where: { $0.option == parts.first }) else {
        throw ConfigurationError(
          description: "'\(option)' is no option of 'kontext serve'; 'kontext --help' lists them")
      }
      guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
        throw ConfigurationError(
          description: "\(setting.option) needs a value: \(setting.placeholder)")
      }
      try apply(setting, value, named: setting.option)
    }
    if let sourceCredentialsPath {
      sourceCredentials = try Self.sourceCredentials(in: sourceCredentialsPath)
    }
    guard !databaseURL.isEmpty else {
      throw ConfigurationError(
        description:
          "No database is named; set KONTEXT_DATABASE_URL, or use --database-url, such as "
          + "postgresql://kontext@db.example/kontext")
    }
  }

  private mutating func apply(
    _ setting: Setting, _ text: String, named name: String
  ) throws(ConfigurationError) {
    guard setting.apply(&self, text) else {
      let shown = setting.option == "--database-url" ? "The value" : "'\(text)'"
      throw ConfigurationError(
        description: "\(shown) is not valid for \(name): \(setting.help)")
    }
  }

  fileprivate mutating func set(
    _ path: WritableKeyPath<Configuration, Int>, _ text: String, _ range: ClosedRange<Int>
  ) -> Bool {
    guard let number = Int(text), range.contains(number) else { return false }
    self[keyPath: path] = number
    return true
  }

  fileprivate mutating func set(
    _ path: WritableKeyPath<Configuration, Duration>, seconds text: String,
    _ range: ClosedRange<Int>
  ) -> Bool {
    guard let number = Int(text), range.contains(number) else { return false }
    self[keyPath: path] = .seconds(number)
    return true
  }
}
