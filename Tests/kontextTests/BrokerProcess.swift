import Glibc
import Synchronization
import TestSupport

/// The executable, run as a child process on a port of loopback.
final class BrokerProcess: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let port: UInt16
  private let databaseURL: String
  private let options: [String]
  private let process = Mutex<ChildProcess?>(nil)

  init(databaseURL: String, options: [String] = []) throws {
    self.databaseURL = databaseURL
    self.options = options
    port = try freePort()
  }

  /// SwiftPM puts it beside the test bundle.
  static var executable: String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/kontext"
  }

  /// Lets a command have as few descriptors as a login shell has.
  private static let loginShell = ["/bin/sh", "-c", #"ulimit -S -n 1024; exec "$@""#, "sh"]

  /// Returns once it serves.
  func start() async throws {
    var pipe: [Int32] = [0, 0]
    guard Glibc.pipe(&pipe) == 0 else { throw Failure(description: "No pipe") }
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let (reading, writing) = (pipe[0], pipe[1])
    let child = try ChildProcess(
      Self.loginShell + [
        Self.executable, "serve", "--database-url", databaseURL, "--address", "127.0.0.1",
        "--port", "\(port)", "--allow-addresses", "loopback", "--log-format", "json",
      ] + options, error: writing)
    process.withLock { $0 = child }
    close(writing)
    try await onThread {
      var log = ""
      while !log.contains("\"event\":\"serving\"") {
        guard let text = read(from: reading) else {
          throw Failure(description: "The broker ends: \(log)")
        }
        log += text
      }
    }
    // What follows is read and dropped, so that the broker never waits.
    detach {
      while read(from: reading) != nil {}
      close(reading)
    }
  }

  /// How many file descriptors it has open.
  var descriptorCount: Int {
    guard let child = process.withLock({ $0 }), let directory = opendir("/proc/\(child.pid)/fd")
    else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }

  /// How many it may have, and how many the system lets it have at most.
  var descriptorLimits: [Int] {
    guard let child = process.withLock({ $0 }) else { return [] }
    let file = open("/proc/\(child.pid)/limits", O_RDONLY)
    defer { close(file) }
    let limits = (read(from: file) ?? "").split(separator: "\n")
    let line = limits.first { $0.hasPrefix("Max open files") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }
  }

  /// Ends it without a warning.
  func kill() {
    guard let child = process.withLock({ $0.take() }) else { return }
    Glibc.kill(child.pid, SIGKILL)
    child.wait()
  }
}

private func read(from descriptor: Int32) -> String? {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = Glibc.read(descriptor, &buffer, buffer.count)
  return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}

/// Runs blocking work on a thread of its own.
func onThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    detach { continuation.resume(with: Swift.Result { try body() }) }
  }
}

private final class Work: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func detach(_ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  let work = Unmanaged.passRetained(Work(body)).toOpaque()
  let status = pthread_create(
    &thread, nil,
    { work in
      guard let work else { return nil }
      Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run()
      return nil
    }, work)
  precondition(status == 0, "No thread is left")
  pthread_detach(thread)
}
