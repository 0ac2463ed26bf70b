import Glibc

/// What can be chosen on the command line.
struct Options {
  var broker = "http://localhost:1026"
  var rate = 50.0
  var time = 30.0
  var tenant: String?
  var listen = "127.0.0.1"
  var isCleaning = false

  static let help = """
    A simulated city sends updates to a broker, and is told of what it subscribed to.

    Scripts/demo [OPTION ...]

      --broker URL      where the broker listens (default http://localhost:1026)
      --rate N          updates per second (default 50)
      --time SECONDS    how long it lasts (default 30); Ctrl-C ends it earlier
      --tenant NAME     keep the city in a tenant of its own
      --listen ADDRESS  this machine's address as the broker sees it, for notifications
                        (default 127.0.0.1; the broker's --allow-addresses must include it)
      --clean           delete the city's Entities and Subscriptions at the end
    """

  /// - Throws: the sentence that says what is wrong.
  init(_ arguments: [String]) throws(OptionError) {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      if option == "--clean" {
        isCleaning = true
        continue
      }
      guard let value = rest.popFirst() else {
        throw OptionError(sentence: "'\(option)' is no option, or needs a value")
      }
      switch option {
      case "--broker": broker = value.hasSuffix("/") ? String(value.dropLast()) : value
      case "--rate": rate = try Self.number(value, 1...10_000, for: option)
      case "--time": time = try Self.number(value, 1...86_400, for: option)
      case "--tenant": tenant = value
      case "--listen": listen = value
      default: throw OptionError(sentence: "'\(option)' is no option; --help lists them")
      }
    }
  }

  private static func number(
    _ text: String, _ range: ClosedRange<Double>, for option: String
  ) throws(OptionError) -> Double {
    guard let number = Double(text), range.contains(number) else {
      throw OptionError(
        sentence:
          "'\(text)' is not valid for \(option); \(Int(range.lowerBound)) to "
          + "\(Int(range.upperBound)) is expected")
    }
    return number
  }
}

struct OptionError: Error {
  let sentence: String
}
