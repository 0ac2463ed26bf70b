import HTTPClient
import JSON
import MQTTClient
import Storage
import Subscriptions

/// How a notification gets to its endpoint.
extension Delivery {
  /// nil for success.
  ///
  /// What was owed to an endpoint before a subscription came to be streamed only goes nowhere.
  func failure(
    of notification: OwedNotification, to subscription: CompiledSubscription
  ) async -> String? {
    guard !subscription.isStreamOnly else { return nil }
    let timeout = min(subscription.timeout ?? limits.timeout, limits.timeoutMax)
    if let endpoint = subscription.mqtt {
      let message = MQTTMessage(
        topic: endpoint.topic,
        payload: subscription.mqttPayload(of: notification.body, notification.headerFields),
        quality: QualityOfService(endpoint.quality))
      return await failure(of: message, to: MQTTServer(endpoint), timeout)
    }
    return await client.failure(
      of: HTTPClientRequest(
        method: "POST", url: subscription.endpointURI,
        headers: notification.headers == nil
          ? subscription.headers : subscription.headers + notification.headerFields,
        body: notification.body,
        timeout: timeout, responseBytesMax: 1 << 20))
  }

  private func failure(
    of message: MQTTMessage, to server: MQTTServer, _ timeout: Duration
  ) async -> String? {
    do throws(MQTTError) {
      try await mqtt.publish(message, to: server, timeout: timeout)
      return nil
    } catch {
      return error.description
    }
  }
}

extension OwedNotification {
  /// Only the broker writes them, so that what is no JSON is a broken database.
  fileprivate var headerFields: [(name: String, value: String)] {
    guard let headers else { return [] }
    return JSONValue(storedDocument: Array(headers.utf8)).members.map { name, value in
      (name.string ?? "", value.string ?? "")
    }
  }
}

extension MQTTServer {
  fileprivate init(_ endpoint: MQTTEndpoint) {
    self.init(
      host: endpoint.host, port: endpoint.port, isSecure: endpoint.isSecure, user: endpoint.user,
      password: endpoint.password, version: endpoint.version == .v5 ? .v5 : .v311)
  }
}

extension QualityOfService {
  fileprivate init(_ quality: MQTTEndpoint.Quality) {
    switch quality {
    case .atMostOnce: self = .atMostOnce
    case .atLeastOnce: self = .atLeastOnce
    case .exactlyOnce: self = .exactlyOnce
    }
  }
}
