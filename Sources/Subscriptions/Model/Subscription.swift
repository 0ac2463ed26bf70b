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
  package let id: String
  package var name: String?
  package var description: String?
  /// Empty: any Entity that has a watched Attribute.
  package var entities: [EntitySelector] = []
  /// Empty: any Attribute.
  package var watchedAttributes: [IRI] = []
  /// nil where the client named none, so that the default ones hold.
  package var givenTriggers: [NotificationTrigger]?
  package var throttling: PositiveNumber?
  package var query: Given<Query>?
  package var scopeQuery: Given<ScopeQuery>?
  /// As given: URIs and `@none`.
  package var datasetIds: [String]?
  /// Attributes whose string operands in `query` are names.
  package var expandValues: [IRI] = []
  package var expiresAt: DateTimeText?
  package var isActive: Bool?
  /// The URL of the `@context` of notifications that the client named.
  package var jsonldContext: String?
  package var localOnly: Bool?
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

  package var triggers: NotificationTriggers {
    givenTriggers.map(NotificationTriggers.init) ?? .standard
  }
}

/// What was read from a text, such as a tree of a query language, with the text as it was given.
package struct Given<Tree: Sendable>: Sendable {
  package let text: String
  package let tree: Tree
}

/// A number above zero, with the text in which it was given.
package struct PositiveNumber: Sendable {
  package let text: String
  package let value: Double
}

/// Which Entities: those of the types, and, if given, with the id or an id that matches.
///
/// Standard: GS CIM 009, 5.2.33.
package struct EntitySelector: Sendable {
  package var types: Given<TypeSelection>
  package var id: String?
  /// Without effect beside `id`.
  package var idPattern: Pattern?

  package func matches(id: String, types: [IRI]) -> Bool {
    guard self.types.tree.matches(types: types) else { return false }
    if let wanted = self.id { return wanted == id }
    return idPattern?.matches(id) ?? true
  }
}
