package import JSON
package import JSONLD
import NGSILD
import NGSILDQuery

/// Copies of a Subscription that other brokers keep, so that they tell this one what they would
/// tell its subscriber.
///
/// Standard: GS CIM 009, 5.8.1.4.
extension Subscription {
  /// Whether it is to hear of what Context Sources have.
  package var isDistributed: Bool { subject == .entities && localOnly != true }

  /// Whether its Entities are put together from several sources, so that no source can tell whether
  /// they satisfy its conditions.
  package var isSplit: Bool { splitEntities ?? false }

  /// The copy that a source gets. What is done to notifications for the subscriber's sake is done
  /// here, so that the copy asks for all that it takes: normalized Entities with their timestamps.
  ///
  /// Choice: nor is a copy throttled, since a source may drop what would be told together here.
  ///
  /// - Parameters:
  ///   - attributes: that the source is to tell of; empty for all.
  ///   - isLocal: whether the source is to tell of its own data alone.
  ///   - uri: where this broker takes its notifications.
  package func copy(
    of entities: [EntitySelector], watching watchedAttributes: [IRI], telling attributes: [IRI],
    isLocal: Bool, to uri: String
  ) -> Subscription {
    var parameters = NotificationParameters(endpoint: NotificationEndpoint(uri: uri))
    parameters.projection = Projection(attributes: attributes)
    parameters.sysAttrs = true
    parameters.showChanges = notification.showChanges
    var copy = Subscription(
      id: "", notification: parameters, createdAt: createdAt, modifiedAt: modifiedAt)
    copy.entities = entities
    copy.watchedAttributes = watchedAttributes
    copy.givenTriggers = givenTriggers
    copy.sourceQuery = sourceQuery
    copy.datasetIds = datasetIds
    copy.expiresAt = expiresAt
    copy.isActive = isActive ?? true
    if isLocal { copy.localOnly = true }
    if isSplit {
      copy.splitEntities = true
    } else {
      copy.takeConditions(of: self)
    }
    return copy
  }

  private mutating func takeConditions(of original: Subscription) {
    query = original.query
    expandValues = original.expandValues
    jsonKeys = original.jsonKeys
    geoQuery = original.geoQuery
    scopeQuery = original.scopeQuery
  }

  package func identified(as id: String) -> Subscription {
    var copy = self
    copy.id = id
    return copy
  }

  /// The body of a create request, its names as a source knows them.
  package func written(naming context: Context) -> JSONValue {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writeMembers(to: &writer, names: NameWriting(context: context, repeatsTexts: false))
    writer.endObject()
    return JSONValue(written: writer)
  }

  /// What the broker itself subscribes to among registrations, to know which sources are to have a
  /// copy.
  ///
  /// Choice: it is told of them as it keeps the copies, so that it is shown, but nothing is sent.
  package func toRegistrations(id: String, notifying uri: String) -> Subscription {
    var parameters = NotificationParameters(endpoint: NotificationEndpoint(uri: uri))
    parameters.projection = Projection(attributes: notification.projection.attributes)
    var internalOne = Subscription(
      id: id, notification: parameters, createdAt: createdAt, modifiedAt: modifiedAt)
    internalOne.subject = .registrations
    internalOne.entities = entities
    internalOne.watchedAttributes = watchedAttributes
    internalOne.geoQuery = geoQuery
    internalOne.scopeQuery = scopeQuery
    internalOne.sourceQuery = sourceQuery
    internalOne.datasetIds = datasetIds
    internalOne.expiresAt = expiresAt
    internalOne.isActive = isActive
    return internalOne
  }
}
