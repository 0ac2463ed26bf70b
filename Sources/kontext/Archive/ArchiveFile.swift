import Glibc
import JSON

/// Where an export writes: a file, or standard output.
final class ArchiveFile {
  private let descriptor: Int32
  /// The Entity at which an export that was broken off goes on; nil for a new one.
  let resumesAt: String?

  /// Standard output.
  init() {
    descriptor = STDOUT_FILENO
    resumesAt = nil
  }

  /// A new file; one that is there is left alone.
  init(creating path: String) throws(ConfigurationError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    resumesAt = nil
    guard descriptor >= 0 else {
      let advice = errno == EEXIST ? "; with --resume, an export goes on in it" : ""
      throw ConfigurationError(
        description: "'\(path)' cannot be created: \(systemError())\(advice)")
    }
  }

  /// A file in which an export was broken off, cut before its last Entity.
  init(resuming path: String) throws(ConfigurationError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ConfigurationError(description: "'\(path)' cannot be written: \(systemError())")
    }
    let last = lastEntity(in: descriptor)
    resumesAt = last?.id
    guard ftruncate(descriptor, last?.offset ?? 0) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
      throw ConfigurationError(description: "'\(path)' cannot be cut: \(systemError())")
    }
  }

  deinit { close(descriptor) }

  /// False if it cannot be written; `errno` says why.
  func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

// MARK: The last Entity

/// The last Entity of an archive and where its first line begins, looked for from the end.
private func lastEntity(in descriptor: Int32) -> (id: String, offset: Int)? {
  var end = Int(lseek(descriptor, 0, SEEK_END))
  // The beginning of a line of which the rest has been read; not the last one, which may lack its.
  var tail: [UInt8]?
  while end > 0 {
    let start = max(0, end - 1 << 20)
    let block = bytes(start..<end, of: descriptor)
    let lines = block + (tail ?? [])
    guard let first = start == 0 ? 0 : lines.firstIndex(of: newline).map({ $0 + 1 }) else {
      (tail, end) = (lines, start)
      continue
    }
    if let found = lastState(in: lines[first...]) { return (found.id, start + found.offset) }
    (tail, end) = (Array(lines[..<first]), start)
  }
  return nil
}

private let newline = UInt8(ascii: "\n")

/// The last complete line that has the state of an Entity.
private func lastState(in bytes: ArraySlice<UInt8>) -> (id: String, offset: Int)? {
  var end = bytes.lastIndex(of: newline) ?? bytes.startIndex
  while end > bytes.startIndex {
    let start = bytes[..<end].lastIndex(of: newline).map { $0 + 1 } ?? bytes.startIndex
    let line = try? JSONValue(parsing: Array(bytes[start..<end]), limits: JSONLimits(depthMax: 256))
    if let line, line["createdAt"] != nil, let id = line["id"]?.string { return (id, start) }
    end = start - 1
  }
  return nil
}

private func bytes(_ range: Range<Int>, of descriptor: Int32) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
    count = max(0, pread(descriptor, buffer.baseAddress, range.count, range.lowerBound))
  }
}
