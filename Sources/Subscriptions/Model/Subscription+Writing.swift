import JSON
package import JSONLD
import NGSILD
import NGSILDQuery

/// How names are written: as IRIs in the stored form, or as a request's `@context` has them.
package struct NameWriting {
  package static let stored = NameWriting(context: nil)

  /// nil for the stored form.
  package let context: Context?
  /// Whether texts of query languages are written as they were given, where that means the same.
  let repeatsTexts: Bool

  package init(context: Context?, repeatsTexts: Bool = true) {
    self.context = context
    self.repeatsTexts = repeatsTexts
  }

  package var isStored: Bool { context == nil }

  package func name(_ iri: IRI) -> String { context?.compact(iri) ?? iri.text }

  /// A name within a text of a query language: one that its grammar would not read whole stands in
  /// angle brackets.
  func nameInText(_ iri: IRI) -> String {
    let name = name(iri)
    return isShortName(name) || isReadWhole(name) ? name : "<\(iri.text)>"
  }

  /// The text as the client gave it, if it means the same here; else one made of the tree.
  func text(_ given: Given<Query>, expandValues: [IRI] = []) -> String {
    guard let context else { return given.tree.description }
    guard repeatsTexts else { return given.tree.text(naming: nameInText) }
    let same = try? Query(
      parsing: given.text, expander: context,
      expandValues: Set(expandValues), isPercentEncoded: true)
    return same == given.tree ? given.text : given.tree.text(naming: nameInText)
  }

  func text(_ given: Given<TypeSelection>) -> String {
    guard let context else { return given.tree.description }
    guard repeatsTexts else { return given.tree.text(naming: nameInText) }
    let same = try? TypeSelection(parsing: given.text, expander: context)
    return same == given.tree ? given.text : given.tree.text(naming: nameInText)
  }
}

/// Whether the query languages take `iri` for one name without brackets.
private func isReadWhole(_ iri: String) -> Bool {
  let end = iri.utf8.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "#") }
  guard let end else { return false }
  return iri.utf8.allSatisfy { !",;|()<>=!~{}[]\"' ".utf8.contains($0) }
    && !iri.utf8[end...].contains(UInt8(ascii: "."))
}

extension Subscription {
  /// Writes all members that a client can set.
  ///
  /// - Parameter more: writes what else `notification` has.
  func writeMembers(
    to writer: inout JSONWriter, names: NameWriting, more: (inout JSONWriter) -> Void = { _ in }
  ) {
    writer.member("id", id)
    writer.member("type", "Subscription")
    writer.member("subscriptionName", name)
    writer.member("description", description)
    writeEntities(to: &writer, names: names)
    writer.member("watchedAttributes", watchedAttributes.map(names.name))
    let shownTriggers =
      timeInterval == nil && subject == .entities ? NotificationTrigger.standard : []
    let triggers = givenTriggers ?? (names.isStored ? [] : shownTriggers)
    writer.member("notificationTrigger", triggers.map(\.rawValue))
    writer.member("timeInterval", timeInterval)
    writer.member("throttling", throttling)
    writeQueries(to: &writer, names: names)
    writer.member("datasetId", datasetIds ?? [])
    writer.member("expiresAt", expiresAt?.text)
    writer.member("isActive", isActive)
    writer.member("jsonldContext", jsonldContext)
    writer.member("localOnly", localOnly)
    writer.member("splitEntities", splitEntities)
    writer.member("lang", language?.text)
    writer.member("ngsildConformance", conformance?.text)
    writer.name("notification")
    notification.write(to: &writer, names: names, more: more)
  }

  private func writeEntities(to writer: inout JSONWriter, names: NameWriting) {
    guard !entities.isEmpty else { return }
    writer.name("entities")
    writer.beginArray()
    for selector in entities {
      writer.beginObject()
      writer.member("id", selector.id)
      writer.member("idPattern", selector.idPattern?.text)
      writer.member("type", names.text(selector.types))
      if names.isStored { writer.member("givenType", selector.types.text) }
      writer.endObject()
    }
    writer.endArray()
  }

  private func writeQueries(to writer: inout JSONWriter, names: NameWriting) {
    if let query {
      writer.member("q", names.text(query, expandValues: expandValues))
      if names.isStored { writer.member("givenQ", query.text) }
    }
    if !expandValues.isEmpty {
      writer.member("expandValues", expandValues.map(names.name).joined(separator: ","))
    }
    if !jsonKeys.isEmpty {
      writer.member("jsonKeys", jsonKeys.map(names.name).joined(separator: ","))
    }
    if let geoQuery {
      writer.name("geoQ")
      geoQuery.write(to: &writer, names: names)
    }
    writer.member("scopeQ", scopeQuery?.text)
    if let sourceQuery {
      writer.member("csf", names.text(sourceQuery))
      if names.isStored { writer.member("givenCsf", sourceQuery.text) }
    }
    if let temporalQuery {
      writer.name("temporalQ")
      writer.raw(temporalQuery.text)
    }
  }
}

extension NotificationParameters {
  fileprivate func write(
    to writer: inout JSONWriter, names: NameWriting, more: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    writer.member("attributes", projection.attributes.map(names.name))
    writer.member("pick", names.texts(projection.pick))
    writer.member("omit", names.texts(projection.omit))
    writer.member("format", format?.rawValue)
    writer.member("sysAttrs", sysAttrs)
    writer.member("showChanges", showChanges)
    writer.member("join", joinForm?.rawValue)
    if let joinLevel {
      writer.name("joinLevel")
      writer.integer(joinLevel)
    }
    writer.name("endpoint")
    endpoint.write(to: &writer)
    more(&writer)
    writer.endObject()
  }
}

extension NotificationEndpoint {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("uri", uri)
    writer.member("accept", accept?.rawValue)
    writer.member("timeout", timeout)
    writer.member("cooldown", cooldown)
    writer.member("receiverInfo", receiverInfo)
    writer.member("notifierInfo", notifierInfo)
    writer.endObject()
  }
}

extension GivenGeoQuery {
  fileprivate func write(to writer: inout JSONWriter, names: NameWriting) {
    writer.beginObject()
    writer.member("geometry", tree.geometry.kind.rawValue)
    writer.name("coordinates")
    writer.raw(coordinates)
    writer.member("georel", georel)
    if namesGeoproperty { writer.member("geoproperty", names.name(tree.geoproperty)) }
    writer.endObject()
  }
}

extension NameWriting {
  /// Each term of a projection as a string of its own.
  fileprivate func texts(_ terms: ProjectionTerms?) -> [String] {
    terms?.terms.map { ProjectionTerms([$0]).text(naming: nameInText) } ?? []
  }
}
