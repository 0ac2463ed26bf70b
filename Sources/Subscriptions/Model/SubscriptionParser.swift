package import JSON
package import JSONLD
package import NGSILD
import NGSILDQuery

/// Reads the body of a create request, or the stored form.
///
/// Standard: GS CIM 009, 5.2.12 and 5.8.1.4.
package struct SubscriptionParser {
  let names: any NameExpander
  /// Whether the text is the broker's own: names are IRIs, and texts as given stand beside trees.
  let isStored: Bool
  let subject: SubscriptionSubject

  private init(
    names: any NameExpander, isStored: Bool, of subject: SubscriptionSubject = .entities
  ) {
    self.names = names
    self.isStored = isStored
    self.subject = subject
  }

  /// - Parameter context: Of the request.
  package init(context: Context, of subject: SubscriptionSubject = .entities) {
    self.init(names: context, isStored: false, of: subject)
  }

  static var stored: SubscriptionParser {
    SubscriptionParser(names: ExpandedNames(), isStored: true)
  }

  /// A new Subscription from a request's body.
  ///
  /// Members that only the broker sets are passed over, and so are unknown ones.
  ///
  /// - Parameter generatedID: for a body without `id`.
  /// - Throws: `invalidRequest`, or `badRequestData` with the value at fault.
  package func subscription(
    _ body: JSONValue, generatedID: @autoclosure () -> String, at now: DateTime
  ) throws(NGSILDError) -> Subscription {
    guard body.isObject else {
      throw NGSILDError(.invalidRequest, "The body is no JSON object; a Subscription is expected")
    }
    let reader = try MemberReader(body, "")
    try requireType(reader)
    var subscription = Subscription(
      id: try id(reader) ?? generatedID(), notification: try notification(reader), createdAt: now,
      modifiedAt: now)
    try readDescription(reader, into: &subscription)
    try readSelection(reader, into: &subscription)
    try readTime(reader, into: &subscription)
    subscription.subject = subject
    try subscription.validate()
    if let expiresAt = subscription.expiresAt { try requireFuture(expiresAt, at: now) }
    return subscription
  }

  func requireFuture(_ expiresAt: DateTimeText, at now: DateTime) throws(NGSILDError) {
    guard expiresAt.instant > now else {
      throw .badRequestData(
        "'expiresAt' \(expiresAt.text) is in the past; a later time is expected")
    }
  }

  // MARK: Members

  func requireType(_ reader: MemberReader) throws(NGSILDError) {
    guard let type = try reader.string("type", or: "@type") else {
      throw .badRequestData("'type' is missing; 'Subscription' is expected")
    }
    guard type == "Subscription" else {
      throw .badRequestData("'type' is '\(type.prefix(100))'; 'Subscription' is expected")
    }
  }

  func id(_ reader: MemberReader) throws(NGSILDError) -> String? {
    guard let id = try reader.string("id", or: "@id") else { return nil }
    try requireURI(id, as: "The Subscription id")
    return id
  }

  func readDescription(
    _ reader: MemberReader, into subscription: inout Subscription
  ) throws(NGSILDError) {
    subscription.name = try reader.string("subscriptionName")
    subscription.description = try reader.string("description")
    subscription.jsonldContext = try reader.string("jsonldContext")
    if let url = subscription.jsonldContext { try requireHTTPURL(url, as: "'jsonldContext'") }
    subscription.localOnly = try reader.boolean("localOnly")
    subscription.splitEntities = try reader.boolean("splitEntities")
    if let text = try reader.string("lang") {
      subscription.language = Given(text: text, tree: try LanguageFilter(parsing: text))
    }
    subscription.conformance = try conformance(reader)
  }

  /// Choice: a version that is yet unknown is refused, since nobody can keep to it.
  private func conformance(
    _ reader: MemberReader
  ) throws(NGSILDError) -> Given<SpecificationVersion>? {
    guard let text = try reader.string("ngsildConformance") else { return nil }
    guard let version = SpecificationVersion(parsing: text), version <= .own else {
      throw .badRequestData(
        "'ngsildConformance' is '\(text.prefix(100))'; a version of NGSI-LD up to "
          + "\(SpecificationVersion.own) is expected, such as '1.6'")
    }
    return Given(text: text, tree: version)
  }

  func readSelection(
    _ reader: MemberReader, into subscription: inout Subscription
  ) throws(NGSILDError) {
    for element in try reader.elements("entities") ?? [] {
      subscription.entities.append(try selector(element))
    }
    subscription.watchedAttributes = try attributes(reader, "watchedAttributes") ?? []
    subscription.givenTriggers = try triggers(reader)
    if let expandValues = try nameList(reader, "expandValues") {
      subscription.expandValues = expandValues
    }
    subscription.jsonKeys = try nameList(reader, "jsonKeys") ?? []
    subscription.query = try query(reader, expandValues: Set(subscription.expandValues))
    if let value = try reader.value("geoQ") { subscription.geoQuery = try geoQuery(value) }
    if let text = try reader.string("csf") {
      let tree = try Query(
        parsing: text, as: "csf", expander: names, isPercentEncoded: !isStored)
      let given = isStored ? try reader.string("givenCsf") : text
      subscription.sourceQuery = Given(text: given ?? text, tree: tree)
    }
    if let value = try reader.value("temporalQ") {
      subscription.temporalQuery = Given(text: value.rawText, tree: try TemporalQuery(value))
    }
    if let text = try reader.string("scopeQ") {
      subscription.scopeQuery = Given(text: text, tree: try ScopeQuery(parsing: text))
    }
    subscription.datasetIds = try reader.strings("datasetId")
    for id in subscription.datasetIds ?? [] where id != "@none" {
      try requireURI(id, as: "The datasetId")
    }
  }

  func readTime(
    _ reader: MemberReader, into subscription: inout Subscription
  ) throws(NGSILDError) {
    subscription.timeInterval = try reader.positiveNumber("timeInterval")
    subscription.throttling = try reader.positiveNumber("throttling")
    subscription.expiresAt = try reader.dateTime("expiresAt")
    subscription.isActive = try reader.boolean("isActive")
  }

  private func selector(_ value: JSONValue) throws(NGSILDError) -> EntitySelector {
    let reader = try MemberReader(value, "entities")
    guard let text = try reader.string("type", or: "@type") else {
      throw .badRequestData("'entities' has an element without 'type'; an Entity type is expected")
    }
    let given = isStored ? try reader.string("givenType") : text
    var selector = EntitySelector(
      types: Given(text: given ?? text, tree: try TypeSelection(parsing: text, expander: names)))
    if let id = try reader.string("id", or: "@id") {
      try requireURI(id, as: "The Entity id")
      selector.id = id
    }
    if let pattern = try reader.string("idPattern") { selector.idPattern = try Pattern(pattern) }
    return selector
  }

  /// Registrations are notified of whatever changes (5.11.2).
  private func triggers(_ reader: MemberReader) throws(NGSILDError) -> [NotificationTrigger]? {
    guard subject == .entities, let words = try reader.strings("notificationTrigger") else {
      return nil
    }
    var triggers: [NotificationTrigger] = []
    for word in words {
      guard let trigger = NotificationTrigger(rawValue: word) else {
        let known = NotificationTrigger.allCases.map(\.rawValue).joined(separator: ", ")
        throw .badRequestData(
          "'notificationTrigger' names '\(word.prefix(100))'; \(known) are expected")
      }
      triggers.append(trigger)
    }
    return triggers
  }

  private func query(
    _ reader: MemberReader, expandValues: Set<IRI>
  ) throws(NGSILDError) -> Given<Query>? {
    guard let text = try reader.string("q") else { return nil }
    let tree = try Query(
      parsing: text, expander: names, expandValues: expandValues, isPercentEncoded: !isStored)
    let given = isStored ? try reader.string("givenQ") : text
    return Given(text: given ?? text, tree: tree)
  }

  /// A list of names in one string, separated by commas.
  private func nameList(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [IRI]? {
    guard let text = try reader.string(name) else { return nil }
    var names: [IRI] = []
    for part in text.split(separator: ",") {
      names.append(try attribute(String(part), in: reader.title(name)))
    }
    return names
  }

  private func geoQuery(_ value: JSONValue) throws(NGSILDError) -> GivenGeoQuery {
    let tree = try GeoQuery(value, expander: names)
    return GivenGeoQuery(
      tree: tree, georel: value["georel"]?.string ?? "\(tree.relation)",
      coordinates: value["coordinates"]?.rawText ?? tree.geometry.coordinates,
      namesGeoproperty: value["geoproperty"] != nil)
  }

  // MARK: Names

  func attributes(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [IRI]? {
    guard let texts = try reader.strings(name) else { return nil }
    var attributes: [IRI] = []
    for text in texts {
      let attribute = try attribute(text, in: reader.title(name))
      if !attributes.contains(attribute) { attributes.append(attribute) }
    }
    return attributes
  }

  func attribute(_ text: String, in title: String) throws(NGSILDError) -> IRI {
    try names.expandedName(text, as: "Attribute", in: title)
  }
}

extension Subscription {
  /// The restrictions that concern several members (5.2.12).
  func validate() throws(NGSILDError) {
    guard !entities.isEmpty || !watchedAttributes.isEmpty || localOnly == true else {
      throw .badRequestData(
        "Neither 'entities' nor 'watchedAttributes' is present; at least one is expected")
    }
    guard subject == .entities || notification.endpoint.accept != .geoJSON else {
      throw .badRequestData(
        "'notification.endpoint.accept' is application/geo+json, which does not show registrations; "
          + "application/json or application/ld+json is expected")
    }
    guard timeInterval != nil else { return }
    for (name, isPresent) in [
      ("watchedAttributes", !watchedAttributes.isEmpty), ("throttling", throttling != nil),
    ] where isPresent {
      throw .badRequestData("'timeInterval' and '\(name)' exclude each other")
    }
    guard !entities.isEmpty || localOnly == true else {
      throw .badRequestData("'timeInterval' needs 'entities', which is not present")
    }
  }
}

/// Takes names as the IRIs that they are in stored forms.
struct ExpandedNames: NameExpander {
  func expand(_ name: String) -> IRI { IRI(name) }
}
