import Glibc

/// Reads lines from a file or from standard input, a block at a time.
struct LineReader: ~Copyable {
  private let descriptor: Int32
  private var block = [UInt8](repeating: 0, count: 256 * 1024)
  private var unread: Range<Int> = 0..<0
  /// Of the last line, counted from 1.
  private(set) var number = 0
  private(set) var bytesRead = 0

  /// What a line has beyond is passed over: no parser takes so much.
  static let lineBytesMax = (64 << 20) + 1

  /// - Parameter path: nil for standard input.
  init(path: String?) throws(ConfigurationError) {
    descriptor = path.map { open($0, O_RDONLY | O_CLOEXEC) } ?? STDIN_FILENO
    guard descriptor >= 0 else {
      throw ConfigurationError(description: "'\(path ?? "")' cannot be read: \(systemError())")
    }
  }

  deinit { close(descriptor) }

  /// The next line without its end; nil at the end of the file.
  ///
  /// - Throws: if it cannot be read.
  mutating func next() throws(ConfigurationError) -> [UInt8]? {
    var line: [UInt8] = []
    var isAny = false
    while true {
      if unread.isEmpty, try !fill() {
        number += isAny ? 1 : 0
        return isAny ? line : nil
      }
      isAny = true
      let end = block[unread].firstIndex(of: UInt8(ascii: "\n"))
      let part = block[unread.lowerBound..<(end ?? unread.upperBound)]
      line += part.prefix(Self.lineBytesMax - line.count)
      unread = (end.map { $0 + 1 } ?? unread.upperBound)..<unread.upperBound
      guard end == nil else {
        number += 1
        return line
      }
    }
  }

  /// False at the end.
  private mutating func fill() throws(ConfigurationError) -> Bool {
    let count = read(descriptor, &block, block.count)
    guard count >= 0 else {
      throw ConfigurationError(description: "The archive cannot be read: \(systemError())")
    }
    bytesRead += count
    unread = 0..<count
    return count > 0
  }
}
