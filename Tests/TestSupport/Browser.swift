import Glibc
import JSON

/// A headless Chromium, driven over a pair of pipes.
///
/// It blocks its thread, for 20 s at most.
///
/// Protocol: Chrome DevTools, each message a JSON object with a zero byte after it.
///
/// `@unchecked Sendable`: each test uses its own, from one task.
package final class Browser: @unchecked Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  private let process: ChildProcess
  private let input: Int32
  private let output: Int32
  private let profile: String
  private var received: [UInt8] = []
  private var lastMessage = 0
  private var session: String?

  /// Where Chromium is; the script of the tests installs it.
  private static let program = "chromium"

  package init() throws {
    profile = "/tmp/kontext-browser-\(UInt64.random(in: 0...(.max)))"
    var toBrowser: [Int32] = [0, 0]
    var fromBrowser: [Int32] = [0, 0]
    guard pipe(&toBrowser) == 0, pipe(&fromBrowser) == 0 else {
      throw Failure(description: "No file descriptors left for pipes")
    }
    for descriptor in toBrowser + fromBrowser { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    (input, output) = (toBrowser[1], fromBrowser[0])
    mkdir(profile, 0o700)
    process = try ChildProcess(
      [
        // What it leaves in the temporary directory goes with its profile.
        "env", "TMPDIR=\(profile)",
        // Tests may run as root, where its sandbox does not work; it loads our page only.
        Self.program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--user-data-dir=\(profile)", "--remote-debugging-pipe", "about:blank",
      ], descriptors: [(toBrowser[0], 3), (fromBrowser[1], 4)])
    for descriptor in [toBrowser[0], fromBrowser[1]] { Glibc.close(descriptor) }
  }

  package func close() {
    kill(process.pid, SIGKILL)
    process.wait()
    Glibc.close(input)
    Glibc.close(output)
    try? ChildProcess.run(["rm", "-rf", profile])
  }

  // MARK: Pages

  package func open(_ url: String) throws {
    let target = try call("Target.createTarget", #"{"url": "\#(url)"}"#)["targetId"]?.string ?? ""
    session =
      try call("Target.attachToTarget", #"{"targetId": "\#(target)", "flatten": true}"#)[
        "sessionId"]?.string
  }

  /// What an expression in JavaScript is, as text; an error is its description.
  package func text(of expression: String) throws -> String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("expression")
    writer.string("String(\(expression))")
    writer.endObject()
    let answer = try call("Runtime.evaluate", String(decoding: writer.bytes, as: UTF8.self))
    return (answer["result"]?["value"] ?? answer["result"]?["description"])?.string ?? ""
  }

  /// Waits until an expression contains a text.
  package func wait(for text: String, in expression: String) async throws {
    var last = ""
    do {
      try await until("'\(text)' appears") {
        last = try self.text(of: expression)
        return last.contains(text)
      }
    } catch let error as TimedOut {
      throw Failure(description: "\(error); there is '\(last.prefix(500))'")
    }
  }

  // MARK: Messages

  /// The result of a command.
  private func call(_ method: String, _ parameters: String) throws -> JSONValue {
    lastMessage += 1
    let session = session.map { #", "sessionId": "\#($0)""# } ?? ""
    let message =
      #"{"id": \#(lastMessage), "method": "\#(method)", "params": \#(parameters)\#(session)}"#
    let bytes = Array(message.utf8) + [0]
    guard write(input, bytes, bytes.count) == bytes.count else {
      throw Failure(description: "Chromium has ended")
    }
    while true {
      let message = try JSONValue(parsing: next())
      guard message["id"]?.integer == lastMessage else { continue }
      guard let result = message["result"] else {
        throw Failure(description: "\(method): \(message.rawText)")
      }
      return result
    }
  }

  private func next() throws -> [UInt8] {
    while true {
      if let end = received.firstIndex(of: 0) {
        defer { received.removeFirst(end + 1) }
        return Array(received[..<end])
      }
      var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 20_000) > 0 else {
        throw Failure(description: "Chromium does not answer")
      }
      let count = withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { buffer in
        let count = read(output, buffer.baseAddress, buffer.count)
        if count > 0 { received.append(contentsOf: buffer[..<count]) }
        return count
      }
      guard count > 0 else { throw Failure(description: "Chromium has ended") }
    }
  }
}
