package import Subscriptions

/// The bounds of delivery.
package struct DeliveryLimits: Sendable {
  package var endpoint = EndpointLimits()
  /// Of a request whose subscription names none; also the longest that one may name.
  package var timeout = Duration.seconds(10)
  package var timeoutMax = Duration.seconds(60)
  /// Notifications of one subscription in memory; further ones stay in the database until then.
  package var perSubscriptionMax = 500
  /// Bytes of bodies in memory; beyond, new ones stay in the database too.
  package var bytesMax = 64 << 20
  /// Notifications in memory of an endpoint that does not answer.
  package var perSuspectEndpointMax = 16
  /// Reads of the database under way.
  package var readsMax = 2
  /// How long results are collected before they are written.
  package var settleInterval = Duration.milliseconds(5)
  /// After so long an undeliverable notification becomes a dead letter.
  package var ageMax = Duration.seconds(24 * 3600)
  /// Dead letters of one subscription that are kept, the newest.
  package var deadLettersMax = 1000

  package init() {}
}
