import EventLoop
import Glibc
import MQTTClient
import Synchronization
import TestSupport
import Testing

@Suite("MQTT client, with a real server", .serialized)
struct MQTTClientTests {
  private static let time = Duration.seconds(10)

  private func withClient(
    _ configuration: MQTTClientConfiguration = .init(),
    _ body: @escaping @Sendable (EventLoop, MQTTClient) async throws -> Void
  ) async throws {
    try await onEventLoop { loop in
      let client = MQTTClient(loop: loop, configuration: configuration)
      defer { client.shutDown() }
      try await body(loop, client)
    }
  }

  private func message(
    _ text: String, _ quality: QualityOfService = .atLeastOnce
  ) -> MQTTMessage {
    MQTTMessage(topic: "a/b", payload: Array(text.utf8), quality: quality)
  }

  @Test("who differs in the Unicode normal form of a name has a connection of their own")
  func identity() {
    let (one, two) = ("\u{e9}", "e\u{301}")
    let server = MQTTServer(host: "h", port: 1, user: one, password: one)
    #expect(server == MQTTServer(host: "h", port: 1, user: one, password: one))
    #expect(server != MQTTServer(host: "h", port: 1, user: two, password: one))
    #expect(server != MQTTServer(host: "h", port: 1, user: one, password: two))
    #expect(server != MQTTServer(host: "h", port: 1, user: one, password: nil))
  }

  @Test(
    "a message arrives", arguments: [MQTTServer.Version.v311, .v5], QualityOfService.allCases)
  func publish(version: MQTTServer.Version, quality: QualityOfService) async throws {
    // Not on a thread that other tests wait for: it blocks until the server listens.
    let server = try await onEventLoop { _ in try MQTTServerProcess() }
    defer { server.stop() }
    try await withClient { loop, client in
      let subscriber = try MQTTSubscriber(to: server.port, on: loop)
      defer { subscriber.close() }
      let target = MQTTServer(host: "localhost", port: server.port, version: version)
      for text in ["one", "two"] {
        try await client.publish(message(text, quality), to: target, timeout: Self.time)
        let message = await subscriber.next()
        #expect(message?.topic == "a/b" && message?.payload == text)
      }
      #expect(client.connectionCount == 1)
    }
  }

  @Test("a host whose first address refuses is reached by its next one")
  func nextAddress() async throws {
    let server = try await onEventLoop { _ in try MQTTServerProcess() }
    defer { server.stop() }
    var configuration = MQTTClientConfiguration()
    configuration.addresses = { _ in ["127.0.0.2", "127.0.0.1"] }
    try await withClient(configuration) { _, client in
      let target = MQTTServer(host: "two.example", port: server.port)
      try await client.publish(message("x"), to: target, timeout: Self.time)
      #expect(client.connectionCount == 1)
    }
  }

  @Test("a host whose first address swallows requests to connect is reached by its next one")
  func silentAddress() async throws {
    let server = try await onEventLoop { _ in try MQTTServerProcess() }
    defer { server.stop() }
    let deaf = try DeafListener(port: server.port, at: "127.0.0.2")
    defer { deaf.close() }
    var configuration = MQTTClientConfiguration()
    configuration.connectMax = .seconds(1)
    configuration.addresses = { _ in ["127.0.0.2", "127.0.0.1"] }
    try await withClient(configuration) { _, client in
      let target = MQTTServer(host: "two.example", port: server.port)
      try await client.publish(message("x"), to: target, timeout: Self.time)
    }
  }

  @Test("a host that swallows requests to connect is given up", arguments: [false, true])
  func silentHost(isSecure: Bool) async throws {
    let deaf = try DeafListener()
    defer { deaf.close() }
    var configuration = MQTTClientConfiguration()
    configuration.connectMax = .milliseconds(300)
    try await withClient(configuration) { _, client in
      let target = MQTTServer(host: "127.0.0.1", port: deaf.port, isSecure: isSecure)
      await #expect(throws: MQTTError.failed("MQTT: Connection timed out")) {
        try await client.publish(message("x"), to: target, timeout: Self.time)
      }
      #expect(client.connectionCount == 0)
    }
  }

  @Test("searches for addresses that nobody waits for any more are bounded")
  func search() async throws {
    let isOver = Mutex(false)
    var configuration = MQTTClientConfiguration()
    configuration.connectionsMax = 1
    configuration.addresses = { _ in
      while !isOver.withLock({ $0 }) { usleep(1000) }
      return []
    }
    try await withClient(configuration) { _, client in
      let target = MQTTServer(host: "one.example", port: 1)
      for expected in [MQTTError.timedOut(after: .milliseconds(1)), .overloaded] {
        await #expect(throws: expected) {
          try await client.publish(message("x"), to: target, timeout: .milliseconds(1))
        }
      }
      isOver.withLock { $0 = true }
      try await until("the search is over") {
        do {
          try await client.publish(message("x"), to: target, timeout: Self.time)
        } catch MQTTError.overloaded {
          return false
        } catch {}
        return true
      }
    }
  }

  @Test("user and password open the door, wrong ones do not")
  func users() async throws {
    let server = try await onEventLoop { _ in
      try MQTTServerProcess(settings: [
        "allow_anonymous false", "password_file DIRECTORY/passwords",
      ]) { directory in
        try write("someone:secret\n", to: "\(directory)/passwords")
        try ChildProcess.run(["mosquitto_passwd", "-U", "\(directory)/passwords"])
      }
    }
    defer { server.stop() }
    try await withClient { loop, client in
      func target(_ password: String?) -> MQTTServer {
        MQTTServer(host: "127.0.0.1", port: server.port, user: "someone", password: password)
      }
      try await client.publish(message("x"), to: target("secret"), timeout: Self.time)
      for password in ["wrong", nil] {
        let error = await #expect(throws: MQTTError.self) {
          try await client.publish(message("x"), to: target(password), timeout: Self.time)
        }
        #expect("\(error!)".contains("refuses"), "\(error!)")
      }
    }
  }

  @Test("over TLS, the server's certificate has to be right")
  func security() async throws {
    let server = try await onEventLoop { _ in
      try MQTTServerProcess(settings: [
        "allow_anonymous true", "cafile DIRECTORY/certificate.pem",
        "certfile DIRECTORY/certificate.pem", "keyfile DIRECTORY/key.pem",
      ]) { directory in
        try ChildProcess.run([
          "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
          "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
          "\(directory)/key.pem", "-out", "\(directory)/certificate.pem",
        ])
      }
    }
    defer { server.stop() }
    var trusting = MQTTClientConfiguration()
    trusting.authoritiesFile = server.path(of: "certificate.pem")
    let target = MQTTServer(host: "localhost", port: server.port, isSecure: true)
    try await withClient(trusting) { _, client in
      try await client.publish(message("x"), to: target, timeout: Self.time)
      // The certificate is of the name, not of the address.
      let other = MQTTServer(host: "127.0.0.1", port: server.port, isSecure: true)
      await #expect(throws: MQTTError.self) {
        try await client.publish(message("x"), to: other, timeout: Self.time)
      }
    }
    try await withClient { _, client in
      await #expect(throws: MQTTError.self) {
        try await client.publish(message("x"), to: target, timeout: Self.time)
      }
    }
  }

  @Test("a server that went and came is connected to again")
  func restart() async throws {
    try await withClient { loop, client in
      let first = try MQTTServerProcess()
      let target = MQTTServer(host: "127.0.0.1", port: first.port)
      try await client.publish(message("x"), to: target, timeout: Self.time)
      first.stop()
      let error = await #expect(throws: MQTTError.self) {
        try await client.publish(message("x"), to: target, timeout: Self.time)
      }
      guard case .failed = error else {
        Issue.record("\(error as Any)")
        return
      }
      let second = try MQTTServerProcess(port: first.port)
      defer { second.stop() }
      try await client.publish(message("x"), to: target, timeout: Self.time)
    }
  }

  @Test("an address that is not allowed, and a host without one, are not connected to")
  func addresses() async throws {
    var configuration = MQTTClientConfiguration()
    configuration.allowsAddress = { $0 != "127.0.0.1" }
    try await withClient(configuration) { _, client in
      for host in ["127.0.0.1", "nowhere.invalid"] {
        let error = await #expect(throws: MQTTError.self) {
          try await client.publish(
            message("x"), to: MQTTServer(host: host, port: 1883), timeout: Self.time)
        }
        guard case .address = error else {
          Issue.record("\(error as Any)")
          continue
        }
      }
    }
  }

  @Test("a server that says nothing is given up, and connections have a bound")
  func silence() async throws {
    let silent = try ListeningSocket()
    defer { silent.close() }
    var configuration = MQTTClientConfiguration()
    configuration.connectionsMax = 1
    try await withClient(configuration) { loop, client in
      let target = MQTTServer(host: "127.0.0.1", port: silent.port)
      let waiting = loop.task {
        try await client.publish(message("x"), to: target, timeout: .milliseconds(200))
      }
      await Task.yield()
      await #expect(throws: MQTTError.overloaded) {
        try await client.publish(
          message("x"), to: MQTTServer(host: "127.0.0.1", port: 1), timeout: Self.time)
      }
      await #expect(throws: MQTTError.timedOut(after: .milliseconds(200))) {
        try await waiting.value
      }
      #expect(client.connectionCount == 0)
    }
  }
}
