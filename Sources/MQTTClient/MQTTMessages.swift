/// How sure a publisher is that a message has arrived.
package enum QualityOfService: Int32, Sendable, CaseIterable {
  case atMostOnce = 0
  case atLeastOnce = 1
  case exactlyOnce = 2
}

package struct MQTTMessage: Sendable {
  package let topic: String
  package let payload: [UInt8]
  package let quality: QualityOfService

  package init(topic: String, payload: [UInt8], quality: QualityOfService) {
    self.topic = topic
    self.payload = payload
    self.quality = quality
  }
}

/// An MQTT server, and as whom to speak to it; one connection serves all messages for it.
package struct MQTTServer: Hashable, Sendable {
  package enum Version: Sendable, Hashable { case v311, v5 }

  package let host: String
  package let port: UInt16
  package let isSecure: Bool
  package let user: String?
  package let password: String?
  package let version: Version

  package init(
    host: String, port: UInt16, isSecure: Bool = false, user: String? = nil,
    password: String? = nil, version: Version = .v5
  ) {
    self.host = host
    self.port = port
    self.isSecure = isSecure
    self.user = user
    self.password = password
    self.version = version
  }

  /// By bytes: `==` of texts takes `é` in one code point and in two for the same, and passwords may
  /// differ in that alone.
  package static func == (one: MQTTServer, other: MQTTServer) -> Bool {
    one.port == other.port && one.isSecure == other.isSecure && one.version == other.version
      && one.texts.elementsEqual(other.texts) { $0.map(Array.init) == $1.map(Array.init) }
  }

  private var texts: [String.UTF8View?] { [host.utf8, user?.utf8, password?.utf8] }
}

/// Why a message is not known to have arrived; it holds no secret.
package enum MQTTError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The host has no address, or one that the client may not connect to.
  case address(String)
  /// The server refused the connection or the message, or the connection broke.
  case failed(String)
  case timedOut(after: Duration)
  case overloaded
  case shutDown

  package var description: String {
    switch self {
    case .address(let reason), .failed(let reason): reason
    case .timedOut(let time): "No answer from the MQTT server within \(time)"
    case .overloaded: "Too many MQTT connections are open"
    case .shutDown: "The MQTT client is shut down"
    }
  }
}
