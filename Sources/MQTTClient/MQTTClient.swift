import CMosquitto
package import EventLoop

/// The bounds of a client.
package struct MQTTClientConfiguration: Sendable {
  /// Servers with a connection, and threads that open one, also for nobody any more.
  package var connectionsMax = 256
  /// A connection without messages is closed after so long.
  package var idleMax = Duration.seconds(60)
  /// Until a server has taken the connection; the addresses of its host share it. Less than
  /// publishers wait, so that the last one has its turn.
  package var connectMax = Duration.seconds(5)
  /// The numeric addresses of a host, which are tried one after the other; may block.
  package var addresses: @Sendable (_ host: String) -> [String] = numericAddresses
  /// Whether the client may connect to a numeric address.
  package var allowsAddress: @Sendable (String) -> Bool = { _ in true }
  /// Certificates of authorities in the place of the system's, as PEM.
  package var authoritiesFile: String?

  package init() {}
}

/// Publishes to MQTT servers from one event loop, over one connection for each server and user.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class MQTTClient: @unchecked Sendable {
  let loop: EventLoop
  let configuration: MQTTClientConfiguration
  private var connections: [MQTTServer: MQTTConnection] = [:]
  /// Threads that are opening a connection; some may do so for nobody any more.
  var openingThreads = 0
  private var isShutDown = false

  private static let isReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

  package init(loop: EventLoop, configuration: MQTTClientConfiguration = .init()) {
    precondition(Self.isReady, "libmosquitto does not start")
    self.loop = loop
    self.configuration = configuration
  }

  package var connectionCount: Int { connections.count }

  /// Publishes a message; returns once the server has it, as far as its quality of service tells:
  /// without one, once it is written.
  ///
  /// After a timeout the connection is given up, and with it all that it has under way: nobody
  /// knows what the server has of it.
  package func publish(
    _ message: MQTTMessage, to server: MQTTServer, timeout: Duration
  ) async throws(MQTTError) {
    precondition(loop.isOnLoop)
    let connection = try connection(to: server)
    try await connection.publish(message, timeout: timeout).get()
  }

  private func connection(to server: MQTTServer) throws(MQTTError) -> MQTTConnection {
    if let connection = connections[server] { return connection }
    guard !isShutDown else { throw .shutDown }
    guard max(connections.count, openingThreads) < configuration.connectionsMax else {
      throw .overloaded
    }
    let connection = MQTTConnection(to: server, of: self)
    guard connection.open() else { throw .overloaded }
    connections[server] = connection
    return connection
  }

  func forget(_ connection: MQTTConnection) {
    if connections[connection.server] === connection { connections[connection.server] = nil }
  }

  /// Ends all connections; what is under way fails.
  package func shutDown() {
    isShutDown = true
    for connection in connections.values { connection.end(.shutDown) }
  }
}
