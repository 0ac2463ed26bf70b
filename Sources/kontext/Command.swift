import Glibc

/// A command that is run beside brokers, or without any.
protocol Command {
  static var help: String { get }

  /// - Parameters:
  ///   - arguments: what follows the command's name.
  ///   - databaseURL: from the environment; nil if it names none.
  init(_ arguments: [String], databaseURL: String?) throws(ConfigurationError)

  /// Returns a sentence about what went wrong; nil if nothing did.
  func run() throws(ConfigurationError) -> String?
}

/// Prints a line now, as a command goes on meanwhile.
func say(_ line: String) {
  print(line)
  fflush(nil)
}
