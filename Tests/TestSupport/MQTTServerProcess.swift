package import EventLoop
import Glibc

/// A real MQTT server of its own, on a free port.
package final class MQTTServerProcess: Sendable {
  package let port: UInt16
  private let directory: String
  private let process: ChildProcess

  /// - Parameters:
  ///   - port: nil for a free one.
  ///   - settings: lines of its configuration, in which `DIRECTORY` stands for one of its own.
  ///   - prepare: puts files there first.
  package init(
    port: UInt16? = nil, settings: [String] = ["allow_anonymous true"],
    prepare: (_ directory: String) throws -> Void = { _ in }
  ) throws {
    self.port = try port ?? freePort()
    let directory = "/tmp/kontext-mqtt-\(UInt64.random(in: 0...(.max)))"
    self.directory = directory
    guard mkdir(directory, 0o755) == 0 else {
      throw ChildProcess.Failure(description: "\(directory) cannot be made")
    }
    try prepare(directory)
    let lines =
      ["listener \(self.port) 127.0.0.1", "user root"]
      + settings.map { $0.replacing("DIRECTORY", with: directory) }
    try write(lines.joined(separator: "\n") + "\n", to: "\(directory)/mosquitto.conf")
    process = try ChildProcess([Self.program, "-c", "\(directory)/mosquitto.conf"])
    guard waitUntilOpen() else {
      stop()
      throw ChildProcess.Failure(description: "The MQTT server does not listen")
    }
  }

  /// Debian puts it where only administrators look.
  private static let program =
    access("/usr/sbin/mosquitto", X_OK) == 0 ? "/usr/sbin/mosquitto" : "mosquitto"

  package func path(of file: String) -> String { "\(directory)/\(file)" }

  package func stop() {
    // A signal that it could catch may be blocked for children of the test.
    kill(process.pid, SIGKILL)
    process.wait()
    _ = try? ChildProcess.run(["rm", "-rf", directory])
  }

  private func waitUntilOpen() -> Bool {
    for _ in 0..<500 {
      if let socket = connected(to: port) {
        close(socket)
        return true
      }
      usleep(10_000)
    }
    return false
  }
}

package func write(_ text: String, to path: String) throws {
  guard let file = fopen(path, "w") else {
    throw ChildProcess.Failure(description: "\(path) cannot be written")
  }
  fputs(text, file)
  fclose(file)
}

/// Takes all messages of an MQTT server, over a plain socket and by MQTT 3.1.1 spelt out here, so
/// that what tests see owes nothing to the client under test.
package final class MQTTSubscriber: @unchecked Sendable {
  package struct Message: Sendable, Hashable {
    package let topic: String
    package let payload: String
  }

  private let socket: Int32
  private let loop: EventLoop

  package init(to port: UInt16, on loop: EventLoop, user: String? = nil, password: String = "")
    throws
  {
    guard let socket = connected(to: port) else {
      throw ChildProcess.Failure(description: "Nobody listens on port \(port)")
    }
    self.socket = socket
    self.loop = loop
    var flags: UInt8 = 2
    var payload = string("subscriber-\(UInt32.random(in: 0...(.max)))")
    if let user {
      flags |= 0xC0
      payload += string(user) + string(password)
    }
    send(0x10, string("MQTT") + [4, flags, 0, 0] + payload)
    _ = receive()
    send(0x82, [0, 1] + string("#") + [0])
    _ = receive()
  }

  package func close() { Glibc.close(socket) }

  /// Waits for the next message, at most ten seconds.
  package func next() async -> Message? {
    await withUnsafeContinuation { continuation in
      let reader = EventLoop()
      let thread = reader.start()
      reader.task {
        continuation.resume(returning: self.nextMessage())
        reader.stop()
      }
      _ = thread
    }
  }

  private func nextMessage() -> Message? {
    while let (type, body) = receive() {
      guard type & 0xF0 == 0x30, body.count >= 2 else { continue }
      let length = Int(body[0]) << 8 | Int(body[1])
      return Message(
        topic: String(decoding: body[2..<(2 + length)], as: UTF8.self),
        payload: String(decoding: body[(2 + length)...], as: UTF8.self))
    }
    return nil
  }

  // MARK: Packets

  private func send(_ type: UInt8, _ body: [UInt8]) {
    precondition(body.count < 128)
    let packet = [type, UInt8(body.count)] + body
    _ = Glibc.send(socket, packet, packet.count, Int32(MSG_NOSIGNAL))
  }

  private func receive() -> (type: UInt8, body: [UInt8])? {
    guard let type = read(1)?.first else { return nil }
    var length = 0
    var shift = 0
    while let byte = read(1)?.first {
      length |= Int(byte & 0x7F) << shift
      shift += 7
      if byte < 128 { break }
    }
    return read(length).map { (type, $0) }
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: max(count, 1))
    while bytes.count < count {
      let got = recv(socket, &buffer, count - bytes.count, 0)
      guard got > 0 else { return nil }
      bytes += buffer.prefix(got)
    }
    return bytes
  }

  private func string(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + Array(text.utf8)
  }
}
