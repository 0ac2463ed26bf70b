package import JSONLD
package import NGSILD
import NGSILDQuery

/// What notifications of a subscription hold, and where they go.
///
/// Standard: GS CIM 009, 5.2.14.
package struct NotificationParameters: Sendable {
  package enum Format: String, Sendable, CaseIterable {
    case normalized, concise, simplified, keyValues
  }

  /// Which members of an Entity are sent, as it was given.
  package enum Projection: Sendable {
    case all
    case attributes([IRI])
    case pick([ProjectedMember])
    case omit([ProjectedMember])
  }

  package var endpoint: NotificationEndpoint
  package var projection = Projection.all
  package var format: Format?
  package var sysAttrs: Bool?
  package var showChanges: Bool?
}

/// A member that `pick` or `omit` names (GS CIM 009, 4.21).
package enum ProjectedMember: Sendable, Hashable {
  case core(NGSILD.CoreMember)
  case attribute(IRI)
}

/// Where notifications go (GS CIM 009, 5.2.15).
package struct NotificationEndpoint: Sendable {
  package enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case jsonLD = "application/ld+json"
    case geoJSON = "application/geo+json"
  }

  package struct Pair: Sendable, Hashable {
    package let key: String
    package let value: String
  }

  package var uri: String
  package var accept: MediaType?
  /// Milliseconds.
  package var timeout: PositiveNumber?
  /// Milliseconds.
  package var cooldown: PositiveNumber?
  /// Header fields of the request; they may hold secrets and are never logged.
  package var receiverInfo: [Pair] = []
  package var notifierInfo: [Pair] = []
}
