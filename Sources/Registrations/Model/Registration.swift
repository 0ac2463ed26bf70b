import JSONLD
package import NGSILD
package import NGSILDQuery
package import Subscriptions

/// A Context Source Registration: which Entities and Attributes another Context Source has, and how
/// it is reached.
///
/// Names are expanded.
///
/// Standard: CSourceRegistration (GS CIM 009, 5.2.9).
package struct Registration: Sendable {
  package let id: String
  package var name: String?
  package var description: String?
  /// The base URL of the source's API, as given.
  package var endpoint: String
  /// One or more.
  package var information: [RegistrationInfo]
  /// nil where the client named none.
  package var givenMode: RegistrationMode?
  /// nil where the client named none.
  package var givenOperations: GivenOperations?
  package var sourceInfo = ContextSourceInfo()
  /// The name of the source that stands in `Via` headers.
  package var alias: String?
  /// The tenant at the source; nil for its default one.
  package var tenant: String?
  /// The instances that the source can have, URIs and `@none`; nil for any.
  package var datasetIds: [String]?
  /// Empty for any.
  package var scopes: [String] = []
  package var location: Geometry?
  package var observationSpace: Geometry?
  package var operationSpace: Geometry?
  package var observationInterval: TimeInterval?
  package var managementInterval: TimeInterval?
  package var expiresAt: DateTimeText?
  package var refreshRate: Given<CalendarDuration>?
  package var management = RegistrationManagement()
  /// Context Source Properties: members that the standard does not know.
  package var properties: [ContextSourceProperty] = []
  package var createdAt: DateTime
  package var modifiedAt: DateTime

  package var mode: RegistrationMode { givenMode ?? .inclusive }

  /// Choice: an auxiliary registration that names none retrieves, since it may do nothing else.
  package var operations: RegisteredOperations {
    givenOperations?.operations ?? (mode == .auxiliary ? .retrieveOps : .federationOps)
  }

  package func isExpired(at now: DateTime) -> Bool {
    expiresAt.map { $0.instant <= now } ?? false
  }

  /// Whether the source is to be asked for its own data alone.
  ///
  /// Choice: also where `localOnly` stands beside `management`, as it does in the field.
  package var isLocalOnly: Bool {
    if let given = management.localOnly { return given }
    let name = Context.core.expand("localOnly")
    let property = properties.first { $0.attribute.name == name }
    return property?.attribute.instances.first?.value.boolean ?? false
  }

  /// Whether the source has the past of Entities, not what they are now.
  package var isTemporal: Bool { observationInterval != nil || managementInterval != nil }
}

/// How what a source has is put together with what others and this broker have (4.3.6.2, 4.3.6.3).
package enum RegistrationMode: String, Sendable, CaseIterable {
  case inclusive, exclusive, redirect, auxiliary

  /// Whether what is registered is at the source alone.
  package var isProxied: Bool { self == .exclusive || self == .redirect }
}

/// What `operations` lists.
package struct GivenOperations: Sendable, Hashable {
  /// Of operations and groups, as given.
  package let names: [String]
  package let operations: RegisteredOperations
}

/// A span of time in which a source has data (5.2.11).
package struct TimeInterval: Sendable, Hashable {
  package let startAt: DateTimeText
  /// nil: it has not ended.
  package let endAt: DateTimeText?
}

/// How a source wants to be treated (5.2.34).
package struct RegistrationManagement: Sendable {
  package var localOnly: Bool?
  /// Milliseconds.
  package var givenTimeout: PositiveNumber?
  /// Milliseconds.
  package var givenCooldown: PositiveNumber?
  package var givenCacheDuration: Given<CalendarDuration>?

  /// How long an answer is waited for; nil for what the broker thinks right.
  package var timeout: Duration? { givenTimeout.map(\.milliseconds) }

  /// How long after a failure the source is not asked.
  package var cooldown: Duration? { givenCooldown.map(\.milliseconds) }

  /// How long an answer may be given again.
  package var cacheDuration: Duration? { givenCacheDuration?.tree.approximation }
}

extension CalendarDuration {
  /// Its length where a month has 30 days.
  package var approximation: Duration {
    .seconds(months * 30 * 86_400) + .microseconds(microseconds)
  }
}

/// A member of a registration that the standard does not know, kept as an Attribute (5.2.9).
package struct ContextSourceProperty: Sendable {
  package let attribute: Attribute
  /// Whether it was given as a mere value, and is shown so.
  package let isSimple: Bool
}
