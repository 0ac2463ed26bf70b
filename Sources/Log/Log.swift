import Glibc

/// Writes one structured line per event to standard error.
///
/// Human-readable on a terminal, JSON otherwise. Values never hold secrets or bodies.
package struct Log: Sendable {
  package enum Level: Int, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    package init?(_ name: String) {
      guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = level
    }

    package var name: String {
      switch self {
      case .debug: "debug"
      case .info: "info"
      case .warning: "warning"
      case .error: "error"
      }
    }

    package static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }
  }

  package enum Format: Sendable { case text, json }

  /// Events below it are not written.
  package let level: Level
  package let format: Format

  /// - Parameter format: nil chooses by whether standard error is a terminal.
  package init(level: Level = .info, format: Format? = nil) {
    self.level = level
    self.format = format ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
  }

  package func debug(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.debug, event, fields)
  }

  package func info(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.info, event, fields)
  }

  package func warning(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.warning, event, fields)
  }

  package func error(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.error, event, fields)
  }

  package func write(
    _ level: Level, _ event: String, _ fields: KeyValuePairs<String, String> = [:]
  ) {
    guard level >= self.level else { return }
    var line = ""
    switch format {
    case .text:
      line = "\(timeText()) \(level.name.uppercased()) \(event)"
      for (name, value) in fields { line += " \(name)=\(quotedIfNeeded(value))" }
    case .json:
      line = "{\"time\":\"\(timeText())\",\"level\":\"\(level.name)\",\"event\":\(quoted(event))"
      for (name, value) in fields { line += ",\(quoted(name)):\(quoted(value))" }
      line += "}"
    }
    line += "\n"
    // One call per line, so that lines of several threads do not mix.
    line.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// The present time in UTC to the millisecond.
private func timeText() -> String {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  var fields = tm()
  gmtime_r(&time.tv_sec, &fields)
  func padded(_ number: Int, _ width: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
  let date = [Int(fields.tm_year) + 1900, Int(fields.tm_mon) + 1, Int(fields.tm_mday)]
    .map { padded($0, 2) }.joined(separator: "-")
  let clock = [fields.tm_hour, fields.tm_min, fields.tm_sec]
    .map { padded(Int($0), 2) }.joined(separator: ":")
  return "\(date)T\(clock).\(padded(time.tv_nsec / 1_000_000, 3))Z"
}

private func quotedIfNeeded(_ value: String) -> String {
  let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x7F }
  return isPlain && !value.isEmpty ? value : quoted(value)
}

private func quoted(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    switch scalar {
    case "\"": text += "\\\""
    case "\\": text += "\\\\"
    case "\n": text += "\\n"
    case _ where scalar.value < 0x20 || scalar.value == 0x7F:
      let digits = String(scalar.value, radix: 16)
      text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}
