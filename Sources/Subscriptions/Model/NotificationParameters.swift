import JSONLD
package import NGSILD
package import NGSILDQuery

/// What notifications of a subscription hold, and where they go.
///
/// Standard: GS CIM 009, 5.2.14.
package struct NotificationParameters: Sendable {
  package enum Format: String, Sendable, CaseIterable {
    case normalized, concise, simplified, keyValues
    /// Choice: that of NGSIv2, for receivers which know nothing else.
    case ngsiv2 = "x-ngsiv2-normalized"
  }

  package enum JoinForm: String, Sendable, CaseIterable {
    case flat, inline
    case none = "@none"
  }

  package var endpoint: NotificationEndpoint
  /// Which members of Entities are sent.
  package var projection = Projection.everything
  package var format: Format?
  package var sysAttrs: Bool?
  package var showChanges: Bool?
  package var joinForm: JoinForm?
  package var joinLevel: Int?

  /// nil without Linked Entity retrieval.
  package var join: Join? {
    let form: Join.Form
    switch joinForm {
    case .flat: form = .flat
    case .inline: form = .inline
    case nil, .some(.none): return nil
    }
    return Join(form, level: joinLevel ?? 1)
  }
}

/// Where notifications go (GS CIM 009, 5.2.15).
package struct NotificationEndpoint: Sendable {
  package enum MediaType: String, Sendable, CaseIterable {
    case json = "application/json"
    case jsonLD = "application/ld+json"
    case geoJSON = "application/geo+json"
  }

  /// The `uri` of a subscription whose notifications are followed as events of the broker, and
  /// sent to nobody.
  static let stream = "urn:kontext:stream"

  package var uri: String
  package var accept: MediaType?
  /// Milliseconds.
  package var timeout: PositiveNumber?
  /// Milliseconds.
  package var cooldown: PositiveNumber?
  /// Header fields of the request; they may hold secrets and are never logged.
  package var receiverInfo: [KeyValuePair] = []
  /// How the broker is to speak to the endpoint; never sent.
  package var notifierInfo: [KeyValuePair] = []
  /// nil for an HTTP endpoint.
  package var mqtt: MQTTEndpoint?
}
