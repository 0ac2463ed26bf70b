package import JSONLD
package import NGSILD
package import NGSILDQuery

/// Who wants to hear of which changes of which Entities, and how.
///
/// Names are expanded. What a client wrote in one of the query languages is kept beside its tree,
/// so that it can be shown as it was given.
///
/// Standard: GS CIM 009, 5.2.12.
package struct Subscription: Sendable {
  package internal(set) var id: String
  /// Said by the resource that it is made at, not by its members.
  package var subject = SubscriptionSubject.entities
  package var name: String?
  package var description: String?
  /// Empty: any Entity that has a watched Attribute.
  package var entities: [EntitySelector] = []
  /// Empty: any Attribute.
  package var watchedAttributes: [IRI] = []
  /// nil where the client named none, so that the default ones hold.
  package var givenTriggers: [NotificationTrigger]?
  /// Seconds between periodic notifications; nil where changes are notified of.
  package var timeInterval: PositiveNumber?
  /// Seconds after a notification within which there is no other.
  package var throttling: PositiveNumber?
  package var query: Given<Query>?
  package var geoQuery: GivenGeoQuery?
  package var scopeQuery: Given<ScopeQuery>?
  /// `csf`, which restricts Context Sources, and so no Entity that is held here.
  package var sourceQuery: Given<Query>?
  /// As JSON; only subscriptions to registrations evaluate it.
  package var temporalQuery: Given<TemporalQuery>?
  /// As given: URIs and `@none`.
  package var datasetIds: [String]?
  /// Attributes whose string operands in `query` are names.
  package var expandValues: [IRI] = []
  /// Attributes whose values are JSON as it stands; so are all compound values here, and paths in
  /// `query` name their keys.
  package var jsonKeys: [IRI] = []
  package var expiresAt: DateTimeText?
  package var isActive: Bool?
  /// The URL of the `@context` of notifications that the client named.
  package var jsonldContext: String?
  package var localOnly: Bool?
  /// Whether Entities are put together from parts in several Context Sources.
  package var splitEntities: Bool?
  /// The language to which notifications reduce LanguageProperties.
  package var language: Given<LanguageFilter>?
  /// The version of the standard that notifications keep to, an older one or this.
  package var conformance: Given<SpecificationVersion>?
  package var notification: NotificationParameters
  package var createdAt: DateTime
  package var modifiedAt: DateTime

  package enum Status: String, Sendable { case active, paused, expired }

  package func status(at now: DateTime) -> Status {
    if let expiresAt, expiresAt.instant <= now { return .expired }
    return isActive == false ? .paused : .active
  }

  /// The time between two periodic notifications; nil where changes are notified of.
  ///
  /// Choice: at least a tenth of a second.
  package var period: Duration? {
    timeInterval.map { max($0.seconds, .milliseconds(100)) }
  }

  package var triggers: NotificationTriggers {
    givenTriggers.map(NotificationTriggers.init) ?? .standard
  }
}

/// What was read from a text, such as a tree of a query language, with the text as it was given.
package struct Given<Tree: Sendable>: Sendable {
  package let text: String
  package let tree: Tree

  package init(text: String, tree: Tree) {
    self.text = text
    self.tree = tree
  }
}

/// A geo-query, with its members as they were given.
///
/// Standard: GS CIM 009, 5.2.13.
package struct GivenGeoQuery: Sendable {
  package let tree: GeoQuery
  let georel: String
  /// JSON: an array, or a string that holds one.
  let coordinates: String
  let namesGeoproperty: Bool
}

/// A number above zero, with the text in which it was given.
package struct PositiveNumber: Sendable {
  package let text: String
  package let value: Double

  package var seconds: Duration { .seconds(min(value, Self.secondsMax)) }
  package var milliseconds: Duration { .milliseconds(min(value, Self.secondsMax * 1000)) }

  /// Choice: a thousand years stand for all that is longer, with which nothing could be reckoned.
  private static let secondsMax = 1000.0 * 366 * 86_400
}

/// Which Entities: those of the types, and, if given, with the id or an id that matches.
///
/// Standard: GS CIM 009, 5.2.33.
package struct EntitySelector: Sendable {
  package var types: Given<TypeSelection>
  package var id: String?
  /// Without effect beside `id`.
  package var idPattern: Pattern?

  package init(types: Given<TypeSelection>, id: String? = nil, idPattern: Pattern? = nil) {
    self.types = types
    self.id = id
    self.idPattern = idPattern
  }

  package func matches(id: String, types: [IRI]) -> Bool {
    guard self.types.tree.matches(types: types) else { return false }
    if let wanted = self.id { return IRI(wanted) == IRI(id) }
    return idPattern?.matches(id) ?? true
  }
}
