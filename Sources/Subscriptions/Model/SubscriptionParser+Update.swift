package import JSON
import JSONLD
package import NGSILD
import NGSILDQuery

/// Changes of a Subscription.
///
/// Standard: GS CIM 009, 5.8.2.4 and, for the merging, 5.5.8.
extension SubscriptionParser {
  /// `subscription` with the members of `fragment` in place of its own. Within `notification`, its
  /// `endpoint`, `geoQ` and `temporalQ` members are replaced one by one; all else is replaced
  /// whole.
  ///
  /// Choice: a JSON null removes a member as the NGSI-LD Null does.
  ///
  /// - Throws: `invalidRequest`, or `badRequestData`, also for what only the merged Subscription
  ///   shows.
  package func update(
    _ subscription: Subscription, with fragment: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> Subscription {
    guard fragment.isObject else {
      throw NGSILDError(
        .invalidRequest, "The body is no JSON object; a Subscription Fragment is expected")
    }
    let named = Set(fragment.members.compactMap(\.name.string))
    let stored = try mergedDocument { $0.raw(subscription.stored) }
    let reader = try MemberReader(
      mergedDocument {
        $0.writeMerged(nil, fragment, within: stored, of: ["geoQ", "temporalQ"])
      }, "")
    try requireSame(subscription, reader, named)
    var updated = subscription
    try replaceMembers(of: &updated, reader, named)
    if named.contains("notification") {
      updated.notification = try notification(merging: fragment, into: stored)
    }
    try requireFuture(updated, named, at: now)
    if named.contains("expiresAt"), !named.contains("isActive"),
      subscription.status(at: now) == .expired, updated.isActive == false
    {
      updated.isActive = true
    }
    try updated.validate()
    updated.modifiedAt = now
    return updated
  }

  /// What identifies a Subscription is repeated or left out.
  private func requireSame(
    _ subscription: Subscription, _ reader: MemberReader, _ named: Set<String>
  ) throws(NGSILDError) {
    if !named.isDisjoint(with: ["type", "@type"]) { try requireType(reader) }
    guard !named.isDisjoint(with: ["id", "@id"]) else { return }
    guard try id(reader).map(IRI.init) == IRI(subscription.id) else {
      throw .badRequestData(
        "'id' is not that of the Subscription, '\(subscription.id)'; it cannot be changed")
    }
  }

  private func requireFuture(
    _ updated: Subscription, _ named: Set<String>, at now: DateTime
  ) throws(NGSILDError) {
    guard named.contains("expiresAt"), let expiresAt = updated.expiresAt else { return }
    try requireFuture(expiresAt, at: now)
  }

  // MARK: Members

  /// - Parameter reader: of the fragment, without those members that it removes.
  private func replaceMembers(
    of updated: inout Subscription, _ reader: MemberReader, _ named: Set<String>
  ) throws(NGSILDError) {
    var given = updated
    given.entities = []
    if named.contains("expandValues") { given.expandValues = [] }
    try readDescription(reader, into: &given)
    try readSelection(reader, into: &given)
    try readTime(reader, into: &given)
    for name in named { updated.replace(name, from: given) }
    guard named.contains("expandValues"), !named.contains("q"), let query = updated.query else {
      return
    }
    // Choice: a 'q' that stays is read again as it was given, with the names of this request.
    let tree = try Query(
      parsing: query.text, expander: names, expandValues: Set(updated.expandValues),
      isPercentEncoded: true)
    updated.query = Given(text: query.text, tree: tree)
  }

  /// Names that stay are IRIs, which expand to themselves.
  private func notification(
    merging fragment: JSONValue, into stored: JSONValue
  ) throws(NGSILDError) -> NotificationParameters {
    guard let given = fragment["notification"], !given.isRemoval else {
      throw .badRequestData("'notification' is removed; a Subscription must have it")
    }
    guard given.isObject else {
      throw .badRequestData("'notification' is \(given.excerpt); an object is expected")
    }
    // Members of a fragment obey the restrictions of their types (5.8.2.4).
    for (object, path) in [(given, "endpoint"), (given["endpoint"], "endpoint.uri")] {
      let name = path == "endpoint" ? object?["endpoint"] : object?["uri"]
      guard name.map({ !$0.isRemoval }) ?? false else {
        throw .badRequestData(
          "'notification.\(path)' is missing; a fragment with 'notification' must have it")
      }
    }
    let merged = try mergedDocument { writer in
      writer.beginObject()
      writer.name("notification")
      writer.writeMerged(stored["notification"], given)
      writer.endObject()
    }
    return try notification(MemberReader(merged, ""))
  }
}

extension Subscription {
  fileprivate mutating func replace(_ member: String, from given: Subscription) {
    switch member {
    case "subscriptionName": name = given.name
    case "description": description = given.description
    case "entities": entities = given.entities
    case "watchedAttributes": watchedAttributes = given.watchedAttributes
    case "notificationTrigger": givenTriggers = given.givenTriggers
    case "timeInterval": timeInterval = given.timeInterval
    case "throttling": throttling = given.throttling
    case "q": query = given.query
    case "expandValues": expandValues = given.expandValues
    case "jsonKeys": jsonKeys = given.jsonKeys
    case "geoQ": geoQuery = given.geoQuery
    case "csf": sourceQuery = given.sourceQuery
    case "temporalQ": temporalQuery = given.temporalQuery
    case "splitEntities": splitEntities = given.splitEntities
    case "scopeQ": scopeQuery = given.scopeQuery
    case "datasetId": datasetIds = given.datasetIds
    case "expiresAt": expiresAt = given.expiresAt
    case "isActive": isActive = given.isActive
    case "jsonldContext": jsonldContext = given.jsonldContext
    case "localOnly": localOnly = given.localOnly
    case "lang": language = given.language
    case "ngsildConformance": conformance = given.conformance
    default: break
    }
  }
}
