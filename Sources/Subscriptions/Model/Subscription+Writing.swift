import JSON
import JSONLD
import NGSILD
import NGSILDQuery

/// How names are written: as IRIs in the stored form, or as a request's `@context` has them.
struct NameWriting {
  static let stored = NameWriting(context: nil)

  /// nil for the stored form.
  let context: Context?

  var isStored: Bool { context == nil }

  func name(_ iri: IRI) -> String { context?.compact(iri) ?? iri.text }

  /// A name within a text of a query language: one that its grammar would not read whole stands in
  /// angle brackets.
  private func nameInText(_ iri: IRI) -> String {
    let name = name(iri)
    return isName(name) || isReadWhole(name) ? name : "<\(iri.text)>"
  }

  /// The text as the client gave it, if it means the same here; else one made of the tree.
  func text(_ given: Given<Query>, expandValues: [IRI]) -> String {
    guard let context else { return given.tree.description }
    let same = try? Query(
      parsing: given.text, expander: ContextNames(context: context),
      expandValues: Set(expandValues), isPercentEncoded: true)
    return same == given.tree ? given.text : given.tree.text(naming: nameInText)
  }

  func text(_ given: Given<TypeSelection>) -> String {
    guard let context else { return given.tree.description }
    let same = try? TypeSelection(parsing: given.text, expander: ContextNames(context: context))
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
    let triggers = givenTriggers ?? (names.isStored ? [] : NotificationTrigger.standard)
    writer.member("notificationTrigger", triggers.map(\.rawValue))
    writer.member("throttling", throttling)
    if let query {
      writer.member("q", names.text(query, expandValues: expandValues))
      if names.isStored { writer.member("givenQ", query.text) }
    }
    if !expandValues.isEmpty {
      writer.member("expandValues", expandValues.map(names.name).joined(separator: ","))
    }
    writer.member("scopeQ", scopeQuery?.text)
    writer.member("datasetId", datasetIds ?? [])
    writer.member("expiresAt", expiresAt?.text)
    writer.member("isActive", isActive)
    writer.member("jsonldContext", jsonldContext)
    writer.member("localOnly", localOnly)
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
}

extension NotificationParameters {
  fileprivate func write(
    to writer: inout JSONWriter, names: NameWriting, more: (inout JSONWriter) -> Void
  ) {
    writer.beginObject()
    switch projection {
    case .all: break
    case .attributes(let attributes): writer.member("attributes", attributes.map(names.name))
    case .pick(let members): writer.member("pick", members.map { $0.text(names) })
    case .omit(let members): writer.member("omit", members.map { $0.text(names) })
    }
    writer.member("format", format?.rawValue)
    writer.member("sysAttrs", sysAttrs)
    writer.member("showChanges", showChanges)
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

extension ProjectedMember {
  fileprivate func text(_ names: NameWriting) -> String {
    switch self {
    case .core(let member): "\(member.term)"
    case .attribute(let iri): names.name(iri)
    }
  }
}

/// Members that are left out where there is nothing to say.
extension JSONWriter {
  mutating func member(_ name: StaticString, _ string: String?) {
    guard let string else { return }
    self.name(name)
    self.string(string)
  }

  mutating func member(_ name: StaticString, _ boolean: Bool?) {
    guard let boolean else { return }
    self.name(name)
    self.boolean(boolean)
  }

  mutating func member(_ name: StaticString, _ number: PositiveNumber?) {
    guard let number else { return }
    self.name(name)
    raw(number.text)
  }

  mutating func member(_ name: StaticString, _ strings: [String]) {
    guard !strings.isEmpty else { return }
    self.name(name)
    beginArray()
    for string in strings { self.string(string) }
    endArray()
  }

  mutating func member(_ name: StaticString, _ pairs: [NotificationEndpoint.Pair]) {
    guard !pairs.isEmpty else { return }
    self.name(name)
    beginArray()
    for pair in pairs {
      beginObject()
      member("key", pair.key)
      member("value", pair.value)
      endObject()
    }
    endArray()
  }
}
