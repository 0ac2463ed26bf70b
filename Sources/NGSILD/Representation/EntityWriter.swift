import JSON
import JSONLD

/// Writes stored Entities in one representation.
struct EntityWriter {
  /// What is around an Attribute that is written.
  private struct Surroundings {
    /// The timestamp of what is around it, if timestamps are shown.
    var time: JSONView?
    /// The Attribute's name, if the Entities that it refers to are shown.
    var relationship: JSONView?
  }

  let representation: Representation
  let now: DateTime
  /// Entities to show within Relationships, and those around this place.
  private(set) var links: LinkedEntities?
  /// Left out where it stands elsewhere, as in a Feature.
  var omitsID = false
  let translates: Bool
  private var names: CompactedNames
  /// How a reader takes what is written; for the concise representation.
  var readNames: ExpandedNames

  init(_ representation: Representation, at now: DateTime) {
    self.representation = representation
    self.now = now
    links = representation.links
    translates = representation.language != nil
    names = representation.context.compactedNames
    readNames = representation.context.expandedNames
  }

  /// Returns whether any member was left to show; nothing is written if not.
  mutating func write(_ entity: JSONView, to writer: inout JSONWriter) -> Bool {
    if links != nil, let id = entity["id"]?.value.string { links?.seen.insert(IRI(id)) }
    var hasMembers = false
    let start = writer.position
    let created = representation.showsSystemAttributes ? entity["createdAt"] : nil
    writer.beginObject()
    for (name, value) in entity.members {
      if let member = CoreMember(stored: name.contents) {
        guard shows(member) else { continue }
        hasMembers = true
        write(member, value, to: &writer)
      } else if representation.members.shows(stored: name) {
        let isWritten = write(
          attribute: name, value, of: representation.datasets,
          in: Surroundings(time: created, relationship: links == nil ? nil : name), to: &writer)
        hasMembers = hasMembers || isWritten
      }
    }
    guard hasMembers else {
      writer.rewind(to: start)
      return false
    }
    if representation.embedsContext {
      writer.name("@context")
      writer.raw(representation.context.bodyValue)
    }
    writer.endObject()
    return true
  }

  private func shows(_ member: CoreMember) -> Bool {
    if omitsID && member == .id { return false }
    let isSystemAttribute =
      member == .createdAt || member == .modifiedAt || member == .expiresAt
    guard !isSystemAttribute || representation.showsSystemAttributes else { return false }
    // That an Entity was deleted is the point of telling of it.
    return member == .deletedAt || representation.members.shows(member)
  }

  /// A member of the Entity itself: types are compacted, one-element arrays become scalars.
  private mutating func write(
    _ member: CoreMember, _ value: JSONView, to writer: inout JSONWriter
  ) {
    writer.name(member.term)
    switch member {
    case .type: write(names: value, to: &writer)
    case .scope where value.count == 1: for scope in value.elements { writer.value(scope) }
    default: writer.value(value)
    }
  }

  // MARK: Attributes

  /// Returns whether an instance was left to show.
  ///
  /// - Parameter datasets: Those to keep; nil for all, as for sub-Attributes.
  private mutating func write(
    attribute name: JSONView, _ instances: JSONView, of datasets: Set<IRI?>?,
    in surroundings: Surroundings, to writer: inout JSONWriter
  ) -> Bool {
    var shown: JSONView?
    var others: [JSONView] = []
    for instance in instances.elements where isShown(instance, of: datasets) {
      if shown == nil { shown = instance } else { others.append(instance) }
    }
    guard let shown else { return false }
    writeName(name, to: &writer)
    switch (others.isEmpty, representation.format) {
    case (true, _): write(instance: shown, isAlone: true, in: surroundings, to: &writer)
    case (false, .simplified):
      write(datasets: [shown] + others, linkingBy: surroundings.relationship, to: &writer)
    case (false, _):
      writer.beginArray()
      for instance in [shown] + others {
        write(instance: instance, isAlone: false, in: surroundings, to: &writer)
      }
      writer.endArray()
    }
    return true
  }

  func isShown(_ instance: JSONView, of datasets: Set<IRI?>?) -> Bool {
    if let datasets, !datasets.contains(instance["datasetId"]?.value.string.map(IRI.init)) {
      return false
    }
    guard let expiry = instance["expiresAt"].flatMap({ DateTime($0.contents) }) else { return true }
    return expiry > now
  }

  /// - Parameter isAlone: Whether it is the Attribute's only instance, not one in an array.
  private mutating func write(
    instance: JSONView, isAlone: Bool, in surroundings: Surroundings, to writer: inout JSONWriter
  ) {
    switch representation.format {
    case .normalized: writeObject(of: instance, withType: true, in: surroundings, to: &writer)
    case .concise:
      if isAlone, let value = bareValue(of: instance) {
        writer.value(value)
      } else {
        writeObject(of: instance, withType: needsType(instance), in: surroundings, to: &writer)
      }
    case .simplified:
      writeValue(of: instance, linkingBy: surroundings.relationship, to: &writer)
    }
  }

  private mutating func writeObject(
    of instance: JSONView, withType: Bool, in surroundings: Surroundings,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writeMembers(of: instance, withType: withType, in: surroundings.time, to: &writer)
    if let relationship = surroundings.relationship {
      writeLinked(of: instance, by: relationship, to: &writer)
    }
    writer.endObject()
  }

  /// Members that are shown as they stand are copied in runs: most of an instance is one.
  ///
  /// - Parameter surrounding: The timestamp of what is around it, if timestamps are shown.
  mutating func writeMembers(
    of instance: JSONView, withType: Bool, in surrounding: JSONView?,
    to writer: inout JSONWriter
  ) {
    let times = representation.showsSystemAttributes ? instance.times(in: surrounding) : nil
    var run: (first: JSONView, last: JSONView)?
    for (name, value) in instance.members {
      let member = CoreMember(stored: name.contents)
      if let member, isShownAsItStands(member, withType: withType) {
        run = (run?.first ?? name, value)
        continue
      }
      if let run { writer.members(from: run.first, through: run.last) }
      run = nil
      switch member {
      // Its place is taken by the tag of the translation.
      case nil where translates && name.contents.elementsEqual(Self.lang) && isTranslated(instance):
        break
      case nil:
        let surroundings = Surroundings(time: times?.modified)
        _ = write(attribute: name, value, of: nil, in: surroundings, to: &writer)
      case .vocab?, .previousVocab?, .valueType?, .objectType?, .entityTypeSealed?:
        writer.name(contents: name.contents)
        write(names: value, to: &writer)
      case .type? where withType: write(translatedType: value, to: &writer)
      case .languageMap?: write(translationOf: value, to: &writer)
      default: break
      }
    }
    if let run { writer.members(from: run.first, through: run.last) }
    if let times { write(times, leftOutIn: instance, to: &writer) }
  }

  private static let lang = Array(CoreTerm.lang.iri.text.utf8)

  private func isTranslated(_ instance: JSONView) -> Bool { instance["languageMap"] != nil }

  private func write(
    _ times: StoredTimes, leftOutIn instance: JSONView, to writer: inout JSONWriter
  ) {
    if instance["createdAt"] == nil, let created = times.created {
      writer.name("createdAt")
      writer.value(created)
    }
    if instance["modifiedAt"] == nil, let modified = times.modified {
      writer.name("modifiedAt")
      writer.value(modified)
    }
  }

  /// Others hold names, which are compacted, or are not shown.
  private func isShownAsItStands(_ member: CoreMember, withType: Bool) -> Bool {
    switch member {
    case .type: withType && !translates
    case .languageMap: !translates
    case .createdAt, .modifiedAt, .expiresAt, .deletedAt: representation.showsSystemAttributes
    case .vocab, .previousVocab, .valueType, .objectType, .entityTypeSealed: false
    default: true
    }
  }

  // MARK: Languages

  /// A LanguageProperty becomes a Property (4.15).
  private func write(translatedType type: JSONView, to writer: inout JSONWriter) {
    writer.name("type")
    if type.isString("LanguageProperty") { writer.string("Property") } else { writer.value(type) }
  }

  private func write(translationOf languageMap: JSONView, to writer: inout JSONWriter) {
    let (tag, text) = translation(in: languageMap)
    writer.name("value")
    writer.value(text)
    guard let tag else { return }
    writer.name("lang")
    writer.value(tag)
  }

  /// The language that is chosen, and its text; no language of an empty map.
  func translation(in languageMap: JSONView) -> (tag: JSONView?, text: JSONView) {
    let translations = Array(languageMap.members)
    let tags = translations.map { $0.name.value.string ?? "" }
    guard let tag = representation.language?.choose(from: tags),
      let index = tags.firstIndex(of: tag)
    else { return (nil, languageMap) }
    return (translations[index].name, translations[index].value)
  }

  // MARK: Names

  /// One IRI or an array of IRIs, compacted; an array of one becomes a string.
  mutating func write(names value: JSONView, to writer: inout JSONWriter) {
    guard value.isArray else {
      write(name: value, to: &writer)
      return
    }
    if value.count != 1 { writer.beginArray() }
    for element in value.elements { write(name: element, to: &writer) }
    if value.count != 1 { writer.endArray() }
  }

  private mutating func write(name: JSONView, to writer: inout JSONWriter) {
    guard !name.hasEscapes else {
      names.withContents(of: name.value) { writer.string(contents: $0) }
      return
    }
    names.withContents(of: name.contents) { writer.string(contents: $0) }
  }

  /// The name of a member.
  private mutating func writeName(_ name: JSONView, to writer: inout JSONWriter) {
    guard !name.hasEscapes else {
      names.withContents(of: name.value) { writer.name(contents: $0) }
      return
    }
    names.withContents(of: name.contents) { writer.name(contents: $0) }
  }
}

/// When a stored instance was created and modified.
private struct StoredTimes {
  let created: JSONView?
  let modified: JSONView?
}

extension JSONView {
  /// The timestamps of a stored instance; see `Entity.init(stored:)` for those left out.
  fileprivate func times(in surrounding: JSONView?) -> StoredTimes {
    let created = self["createdAt"] ?? surrounding
    return StoredTimes(created: created, modified: self["modifiedAt"] ?? created)
  }
}
