import JSON
package import JSONLD
package import NGSILD
import NGSILDQuery

/// `subscription.key`: a subscription's number, never used again.
package typealias SubscriptionKey = Int64

/// A subscription made ready for matching and rendering; shared by all loops of a process.
package final class CompiledSubscription: Sendable {
  package let key: SubscriptionKey
  /// Empty for the default tenant.
  package let tenantName: String
  package let subscription: Subscription
  /// By which its notifications name things.
  package let context: Context
  /// nil where the context has none and none was hosted for it.
  package let contextURL: String?
  let triggers: NotificationTriggers
  let watched: Set<IRI>
  /// Instances that are told of; nil for all.
  let datasets: Set<IRI?>?
  let representation: Representation
  /// What is shown of Entities, and of those that they link to.
  let selection: EntitySelection
  /// nil unless notifications go out as NGSIv2 has them.
  let ngsiv2: NGSIv2Representation?
  /// How its notifications show Entities in the place of `representation`; nil unless as GeoJSON.
  let features: FeatureRepresentation?
  /// The id as JSON, which all its notifications repeat.
  let idJSON: [UInt8]
  /// Until when its notifications are kept as events beside being sent; nil if they are not.
  package let streamedUntil: DateTime?
  /// The request's header fields.
  package let headers: [(name: String, value: String)]

  /// - Parameter context: what `jsonldContext` names, or that of the create request.
  package init(
    _ subscription: Subscription, key: SubscriptionKey, tenantName: String, context: Context,
    streamedUntil: DateTime? = nil
  ) {
    self.key = key
    self.streamedUntil = streamedUntil
    self.tenantName = tenantName
    self.subscription = subscription
    self.context = context
    contextURL = context.linkURL ?? subscription.jsonldContext
    triggers = subscription.triggers
    watched = Set(subscription.watchedAttributes)
    datasets = subscription.datasetIds.map { Set($0.map { $0 == "@none" ? nil : IRI($0) }) }
    let endpoint = subscription.notification.endpoint
    // Choice: a linked context needs a URL; without one, names go out expanded, which means the
    // same.
    let shown = endpoint.linksContext && contextURL == nil ? Context.core : context
    selection = EntitySelection(subscription.notification.projection)
    representation = Representation(
      subscription, members: selection.members, context: shown, datasets: datasets)
    ngsiv2 =
      subscription.notification.format == .ngsiv2 ? NGSIv2Representation(representation) : nil
    features = endpoint.accept == .geoJSON ? FeatureRepresentation(representation) : nil
    idJSON = subscriptionIDJSON(of: subscription)
    headers = notificationHeaders(
      of: subscription, contextURL: contextURL, tenantName: tenantName)
  }

  /// By which other brokers are told of names; with a URL, since they have to read it.
  package var linkedContext: Context { contextURL.map(context.linked) ?? .core }

  package var endpointURI: String { subscription.notification.endpoint.uri }

  /// Whether its notifications go nowhere but to who follows its events.
  package var isStreamOnly: Bool { endpointURI == NotificationEndpoint.stream }

  /// Whether its notifications are kept as events.
  package func keepsEvents(at now: DateTime) -> Bool {
    isStreamOnly || streamedUntil.map { $0 > now } ?? false
  }

  /// No attempt at the same endpoint for so long after a failure.
  package var cooldown: Duration? {
    subscription.notification.endpoint.cooldown.map(\.milliseconds)
  }

  package var timeout: Duration? {
    subscription.notification.endpoint.timeout.map(\.milliseconds)
  }

  /// Choice: at least a millisecond.
  package var throttling: Duration? {
    subscription.throttling.map { max($0.seconds, .milliseconds(1)) }
  }

  package var period: Duration? { subscription.period }

  /// By which notifications name things: `context`, or the Core's where nothing could link to it.
  package var notifiedContext: Context { representation.context }

  /// Whether notifications carry the `@context` in their bodies.
  package var embedsContext: Bool { representation.embedsContext }

  package var join: Join? { subscription.notification.join }
}

extension Representation {
  fileprivate init(
    _ subscription: Subscription, members: MemberSelection, context: Context,
    datasets: Set<IRI?>?
  ) {
    let notification = subscription.notification
    self.init(
      format: Format(notification.format), showsSystemAttributes: notification.sysAttrs ?? false,
      members: members, datasets: datasets,
      language: subscription.language?.tree,
      olderVersion: subscription.conformance.flatMap { $0.tree < .own ? $0.tree : nil },
      context: context, embedsContext: !notification.endpoint.linksContext)
  }
}

extension Representation.Format {
  fileprivate init(_ format: NotificationParameters.Format?) {
    switch format {
    case nil, .normalized, .ngsiv2: self = .normalized
    case .concise: self = .concise
    case .simplified, .keyValues: self = .simplified
    }
  }
}
