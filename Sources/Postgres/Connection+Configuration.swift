import CLibPQ
import Glibc

extension Connection {
  /// Where the server is, and how a session with it behaves.
  package struct Configuration: Sendable {
    /// A libpq URI or keyword string: `postgresql:///name?host=/directory&user=name`.
    package var url: String
    /// Session settings, such as `statement_timeout`; they add to the `options` of `url`.
    package var settings: [String: String]
    /// Shown in `pg_stat_activity`, unless `url` has one.
    package var applicationName = "postgres"
    /// A host that has to be looked up by DNS is looked up outside this time.
    package var connectTimeout = Duration.seconds(5)
    /// Flights under way; one more is refused.
    package var flightsMax = 1024
    /// Statements that stay prepared; the one that was not used for longest makes room.
    package var statementsMax = 256
    /// Whether a query is cancelled in the server when the task that waits for it is cancelled.
    ///
    /// For connections that have one flight at a time: the server cancels what runs, so a flight
    /// sent behind the cancelled one may be hit in its place. For the same reason the session ends
    /// with what was cancelled.
    package var cancelsQueries = false

    package init(url: String, settings: [String: String] = [:]) {
      self.url = url
      self.settings = settings
    }
  }
}

extension Connection.Configuration {
  /// Starts to connect; nil only if memory ran out.
  func start() -> OpaquePointer? {
    // The URL in dbname overrides earlier keywords, and is overridden by later ones.
    let parameters =
      Self.liveness + [
        ("dbname", url), ("options", options), ("client_encoding", "UTF8"),
        ("fallback_application_name", applicationName),
      ]
    var keywords = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
    var values = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
    defer { for text in keywords + values { free(UnsafeMutablePointer(mutating: text)) } }
    return PQconnectStartParams(&keywords, &values, 1)
  }

  /// A server that is gone without a word, as after a power failure, is noticed within a minute.
  private static let liveness = [
    ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"),
    ("tcp_user_timeout", "30000"),
  ]

  /// The command line options of the session: those of the URL, then `settings`.
  private var options: String {
    let settings = settings.sorted { $0.key < $1.key }.map { "-c \($0.key)=\(escaped($0.value))" }
    return ([urlOptions] + settings).filter { !$0.isEmpty }.joined(separator: " ")
  }

  private var urlOptions: String {
    guard let fields = PQconninfoParse(url, nil) else { return "" }
    defer { PQconninfoFree(fields) }
    var field = fields
    while let keyword = field.pointee.keyword {
      if String(cString: keyword) == "options", let value = field.pointee.val {
        return String(cString: value)
      }
      field += 1
    }
    return ""
  }

  private func escaped(_ value: String) -> String {
    value.reduce(into: "") { text, character in
      if character == "\\" || character.isWhitespace { text.append("\\") }
      text.append(character)
    }
  }
}
