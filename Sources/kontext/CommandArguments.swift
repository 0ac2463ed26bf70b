import JSONLD
import NGSILD
import Storage

/// What follows a command: words, options with a value, and flags.
struct CommandArguments {
  private(set) var words: [String] = []
  private var values: [String: String] = [:]
  private var flags: Set<String> = []

  init(
    _ arguments: [String], of command: String, options: Set<String>, flags known: Set<String>
  ) throws(ConfigurationError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      if !argument.hasPrefix("--") {
        words.append(argument)
      } else if known.contains(argument) {
        flags.insert(argument)
      } else if options.contains(parts[0]) {
        guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
          throw ConfigurationError(description: "\(parts[0]) needs a value")
        }
        values[parts[0]] = value
      } else {
        throw ConfigurationError(
          description:
            "'\(argument)' is no option of 'kontext \(command)'; see 'kontext \(command) --help'")
      }
    }
  }

  subscript(option: String) -> String? { values[option] }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  func databaseURL(orElse other: String?) throws(ConfigurationError) -> String {
    guard let url = values["--database-url"] ?? other, !url.isEmpty else {
      throw ConfigurationError(
        description: "No database is named; set KONTEXT_DATABASE_URL, or use --database-url")
    }
    return url
  }

  func tenant() throws(ConfigurationError) -> TenantName? {
    try values["--tenant"].map(TenantName.init(argument:))
  }

  func type() throws(ConfigurationError) -> IRI? {
    try values["--type"].map { name throws(ConfigurationError) in
      try IRI(argument: name, of: "a type")
    }
  }
}

extension TenantName {
  init(argument name: String) throws(ConfigurationError) {
    do throws(NGSILDError) {
      self = try TenantName(name)
    } catch {
      throw ConfigurationError(description: error.detail)
    }
  }
}

extension IRI {
  /// An IRI, or a name that the Core's @context expands.
  init(argument name: String, of kind: String) throws(ConfigurationError) {
    self = Context.core.expand(name)
    guard text.contains(":") else {
      throw ConfigurationError(description: "'\(name)' is no name of \(kind); nor is it an IRI")
    }
  }
}
