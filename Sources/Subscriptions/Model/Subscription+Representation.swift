package import JSON
package import JSONLD
package import NGSILD

/// What became of a subscription's notifications so far (GS CIM 009, 5.2.14.2).
package struct DeliveryRecord: Sendable, Hashable {
  /// Attempts, failed ones included.
  package var timesSent = 0
  package var timesFailed = 0
  package var lastNotification: DateTime?
  package var lastSuccess: DateTime?
  package var lastFailure: DateTime?

  package init() {}

  /// The outcome of the last attempt that has ended; nil before.
  package var isOK: Bool? {
    guard lastSuccess != nil || lastFailure != nil else { return nil }
    return (lastSuccess ?? .earliest) >= (lastFailure ?? .earliest)
  }
}

/// How a subscription is shown to who asked for it.
package struct SubscriptionRepresentation: Sendable {
  /// Of the request; it has nothing to do with that of the notifications.
  package let context: Context
  package let showsSystemAttributes: Bool
  /// Whether the body carries the `@context` (JSON-LD).
  package let embedsContext: Bool

  package init(context: Context, showsSystemAttributes: Bool, embedsContext: Bool) {
    self.context = context
    self.showsSystemAttributes = showsSystemAttributes
    self.embedsContext = embedsContext
  }

  /// - Parameter contextURL: of the `@context` of notifications, where it has a URL.
  package func write(
    _ subscription: Subscription, contextURL: String?, _ record: DeliveryRecord, at now: DateTime,
    to writer: inout JSONWriter
  ) {
    var subscription = subscription
    subscription.jsonldContext = subscription.jsonldContext ?? contextURL
    writer.beginObject()
    subscription.writeMembers(to: &writer, names: NameWriting(context: context)) { writer in
      record.write(to: &writer)
    }
    writer.member("status", subscription.status(at: now).rawValue)
    if showsSystemAttributes {
      writer.member("createdAt", subscription.createdAt.description)
      writer.member("modifiedAt", subscription.modifiedAt.description)
    }
    if embedsContext {
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
    writer.endObject()
  }
}

extension DeliveryRecord {
  /// Writes nothing before the first attempt.
  package func write(to writer: inout JSONWriter) {
    guard timesSent > 0 else { return }
    writer.member("status", isOK.map { $0 ? "ok" : "failed" })
    writer.name("timesSent")
    writer.integer(timesSent)
    if timesFailed > 0 {
      writer.name("timesFailed")
      writer.integer(timesFailed)
    }
    writer.member("lastNotification", lastNotification?.description)
    writer.member("lastSuccess", lastSuccess?.description)
    writer.member("lastFailure", lastFailure?.description)
  }
}
