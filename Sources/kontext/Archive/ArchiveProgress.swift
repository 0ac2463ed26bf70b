import Glibc

/// Tells on standard error, about once a second, how far a command has come.
struct ArchiveProgress {
  private var told = ContinuousClock.now

  mutating func tell(_ sentence: @autoclosure () -> String) {
    guard .now - told > .seconds(1) else { return }
    told = .now
    Self.say(sentence())
  }

  static func say(_ sentence: String) {
    let line = Array((sentence + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
  }
}

/// What the last call of the C library that failed says.
func systemError() -> String { String(cString: strerror(errno)) }
