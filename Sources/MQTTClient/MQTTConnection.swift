import CMosquitto
import EventLoop
import Glibc

/// One connection to an MQTT server, from its opening to its end.
///
/// libmosquitto keeps the protocol; the event loop tells it when the socket is ready. Only finding
/// the addresses and connecting block, so they happen on a thread of their own, during which nothing
/// else touches the handle.
///
/// `@unchecked Sendable`: apart from that, used on its loop's thread only.
final class MQTTConnection: FileDescriptorHandler, @unchecked Sendable {
  typealias Outcome = Result<Void, MQTTError>

  private struct Waiting {
    let number: Int
    let message: MQTTMessage
  }

  let server: MQTTServer
  private let client: MQTTClient
  private let handle: OpaquePointer
  private var loop: EventLoop { client.loop }

  private var socket: Int32 = -1
  private var isResolving = true
  private var isOpen = false
  private var failure: MQTTError?
  private var isEnded = false
  /// Messages from before the connection was open.
  private var waiting: [Waiting] = []
  private var lastNumber = 0
  /// Everybody who waits for an outcome, by the number of the message.
  private var continuations: [Int: UnsafeContinuation<Outcome, Never>] = [:]
  private var timers: [Int: TimerID] = [:]
  /// Numbers by the packet identifiers of libmosquitto.
  private var underWay: [Int32: Int] = [:]
  /// Packets that were through before `underWay` knew them, with their reason codes.
  private var early: [Int32: Int32] = [:]
  private var housekeeping: TimerID?
  private var lastUse = ContinuousClock.now

  /// Between calls that keep the connection alive.
  private static let housekeepingInterval = Duration.seconds(1)
  /// Seconds without a message after which the server is asked whether it is there.
  private static let keepAlive: Int32 = 60

  init(to server: MQTTServer, of client: MQTTClient) {
    self.server = server
    self.client = client
    guard let handle = mosquitto_new(nil, true, nil) else {
      preconditionFailure("No memory left for libmosquitto")
    }
    self.handle = handle
    mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
    mosquitto_connect_v5_callback_set(handle) { _, context, code, _, _ in
      connection(context).answered(code)
    }
    mosquitto_publish_v5_callback_set(handle) { _, context, packet, reason, _ in
      connection(context).published(packet, reason)
    }
    configure()
  }

  deinit { mosquitto_destroy(handle) }

  private func configure() {
    let version = server.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
    mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version)
    mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
    if let user = server.user { mosquitto_username_pw_set(handle, user, server.password) }
    guard server.isSecure else { return }
    if let file = client.configuration.authoritiesFile {
      mosquitto_tls_set(handle, file, nil, nil, nil, nil)
    } else {
      mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1)
    }
  }

  // MARK: Opening

  /// Returns whether there is a thread for it.
  func open() -> Bool {
    let configuration = client.configuration
    client.openingThreads += 1
    let isStarted = inThread { [self] in
      let outcome = connect(configuration)
      Task(executorPreference: loop) { self.connected(outcome) }
    }
    if !isStarted { client.openingThreads -= 1 }
    return isStarted
  }

  /// Finds the addresses and connects to the first that answers; blocks, for `connectMax` and the
  /// search.
  ///
  /// libmosquitto waits as long as the system does, for minutes, where nothing answers; so it gets
  /// only addresses that have taken a connection just before.
  private func connect(_ configuration: MQTTClientConfiguration) -> Outcome {
    let addresses = configuration.addresses(server.host)
    guard addresses.allSatisfy(configuration.allowsAddress) else {
      return .failure(.address("The address of the MQTT host '\(server.host)' is not allowed"))
    }
    var outcome = Outcome.failure(.address("The MQTT host '\(server.host)' has no address"))
    for address in addresses {
      let fault = connectionFault(
        address, port: server.port, within: configuration.connectMax / addresses.count)
      outcome = fault == 0 ? connect(toAnswering: address) : .failure(systemError(fault))
      if case .success = outcome { return outcome }
      // It would come to this address first, too.
      if server.isSecure && fault == ETIMEDOUT { return outcome }
    }
    return outcome
  }

  /// A certificate is of the name, so libmosquitto has to know it: it finds the addresses again, and
  /// goes past those that refuse.
  private func connect(toAnswering address: String) -> Outcome {
    let host = server.isSecure ? server.host : address
    let code = mosquitto_connect(handle, host, Int32(server.port), Self.keepAlive)
    return code == MOSQ_ERR_SUCCESS.rawValue ? .success(()) : .failure(error(code))
  }

  private func connected(_ outcome: Outcome) {
    isResolving = false
    client.openingThreads -= 1
    if isEnded { return }
    if case .failure(let error) = outcome { return end(error) }
    socket = mosquitto_socket(handle)
    guard socket >= 0 else { return end(.failed("The MQTT connection is lost")) }
    guard isPeerAllowed else {
      return end(.address("The address of the MQTT host '\(server.host)' is not allowed"))
    }
    loop.watch(socket, for: interests, handler: self)
    keepAlive()
  }

  /// Between the two searches for an address a name may have come to mean another one.
  private var isPeerAllowed: Bool {
    guard server.isSecure else { return true }
    guard let address = peerAddress(of: socket) else { return true }
    return client.configuration.allowsAddress(address)
  }

  /// The server has answered the request to connect.
  fileprivate func answered(_ code: Int32) {
    guard code == 0 else {
      let reason =
        server.version == .v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code)
      failure = .failed("The MQTT server refuses: \(text(reason))")
      return
    }
    isOpen = true
    let messages = waiting
    waiting = []
    for message in messages where continuations[message.number] != nil { send(message) }
  }

  // MARK: Publishing

  func publish(_ message: MQTTMessage, timeout: Duration) async -> Outcome {
    await withUnsafeContinuation { continuation in
      lastNumber += 1
      let number = lastNumber
      lastUse = .now
      continuations[number] = continuation
      timers[number] = loop.after(timeout) { [self] in
        timers[number] = nil
        end(.timedOut(after: timeout))
      }
      if isOpen {
        send(Waiting(number: number, message: message))
        drive { MOSQ_ERR_SUCCESS.rawValue }
      } else {
        waiting.append(Waiting(number: number, message: message))
      }
    }
  }

  private func send(_ waiting: Waiting) {
    let message = waiting.message
    var packet: Int32 = 0
    let code = message.payload.withUnsafeBytes { payload in
      mosquitto_publish_v5(
        handle, &packet, message.topic, Int32(payload.count), payload.baseAddress,
        message.quality.rawValue, false, nil)
    }
    guard code == MOSQ_ERR_SUCCESS.rawValue else {
      return finish(waiting.number, .failure(error(code)))
    }
    underWay[packet] = waiting.number
    if let reason = early.removeValue(forKey: packet) { published(packet, reason) }
  }

  /// A message is through, or was refused; may be called while it is being sent.
  fileprivate func published(_ packet: Int32, _ reason: Int32) {
    guard let number = underWay.removeValue(forKey: packet) else {
      early[packet] = reason
      return
    }
    // From 128 on, a reason is one for a refusal.
    let isRefused = server.version == .v5 && reason >= 128
    finish(
      number,
      isRefused
        ? .failure(.failed("The MQTT server refuses: \(text(mosquitto_reason_string(reason)))"))
        : .success(()))
  }

  private func finish(_ number: Int, _ outcome: Outcome) {
    if let timer = timers.removeValue(forKey: number) { loop.cancel(timer) }
    continuations.removeValue(forKey: number)?.resume(returning: outcome)
  }

  // MARK: Driving libmosquitto

  func ready(_ events: ReadyEvents) {
    if !events.isDisjoint(with: [.read, .error, .hangUp]) {
      drive { mosquitto_loop_read(handle, 1) }
    }
    if events.contains(.write) { drive { mosquitto_loop_write(handle, 1) } }
  }

  private func drive(_ work: () -> Int32) {
    guard !isEnded else { return }
    let code = work()
    if let failure { return end(failure) }
    guard code == MOSQ_ERR_SUCCESS.rawValue else { return end(error(code)) }
    guard mosquitto_socket(handle) == socket else {
      return end(.failed("The MQTT connection is lost"))
    }
    loop.rewatch(socket, for: interests)
  }

  private var interests: ReadyEvents {
    mosquitto_want_write(handle) ? [.read, .write] : .read
  }

  private func keepAlive() {
    housekeeping = loop.after(Self.housekeepingInterval) { [self] in
      housekeeping = nil
      drive { mosquitto_loop_misc(handle) }
      guard !isEnded else { return }
      if continuations.isEmpty, .now - lastUse > client.configuration.idleMax {
        end(.shutDown)
      } else {
        keepAlive()
      }
    }
  }

  // MARK: Ending

  /// Closes the connection; all that is under way fails.
  func end(_ error: MQTTError) {
    guard !isEnded else { return }
    isEnded = true
    client.forget(self)
    if let housekeeping { loop.cancel(housekeeping) }
    for number in Array(continuations.keys) { finish(number, .failure(error)) }
    // The thread that resolves keeps this object; it goes with it.
    guard !isResolving else { return }
    if socket >= 0 { loop.unwatch(socket) }
    if isOpen { mosquitto_disconnect(handle) }
  }

  private func error(_ code: Int32) -> MQTTError {
    if code == MOSQ_ERR_ERRNO.rawValue { return systemError(errno) }
    return .failed("MQTT: \(text(mosquitto_strerror(code)))")
  }

  private func systemError(_ code: Int32) -> MQTTError { .failed("MQTT: \(text(strerror(code)))") }
}

private func connection(_ context: UnsafeMutableRawPointer?) -> MQTTConnection {
  guard let context else { preconditionFailure("libmosquitto has lost its context") }
  return Unmanaged<MQTTConnection>.fromOpaque(context).takeUnretainedValue()
}

private func text(_ cString: UnsafePointer<CChar>?) -> String {
  cString.map { String(cString: $0) } ?? "unknown error"
}
