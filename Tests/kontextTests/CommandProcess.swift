import Glibc
import TestSupport

/// A command of the executable, run to its end.
enum CommandProcess {
  struct Outcome: Sendable {
    let status: Int32
    /// Of standard output, and of standard error after it.
    let text: String
  }

  /// - Parameter arguments: what follows `kontext`.
  static func run(_ arguments: [String]) async throws -> Outcome {
    try await onThread {
      let output = try TemporaryFile()
      let error = try TemporaryFile()
      let child = try ChildProcess(
        [BrokerProcess.executable] + arguments, error: error.descriptor,
        descriptors: [(own: output.descriptor, named: STDOUT_FILENO)])
      let status = child.wait()
      return Outcome(status: status >> 8, text: output.text + error.text)
    }
  }
}

/// A file without a name, which is gone once it is closed.
private struct TemporaryFile: ~Copyable {
  let descriptor: Int32

  init() throws {
    var path = Array("/tmp/kontext-output.XXXXXX".utf8CString)
    descriptor = mkstemp(&path)
    guard descriptor >= 0 else { throw BrokerProcess.Failure(description: "No temporary file") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(path)
  }

  deinit { close(descriptor) }

  var text: String {
    let count = Int(lseek(descriptor, 0, SEEK_END))
    var bytes = [UInt8](repeating: 0, count: count)
    let readCount = pread(descriptor, &bytes, count, 0)
    return String(decoding: bytes.prefix(max(0, readCount)), as: UTF8.self)
  }
}
