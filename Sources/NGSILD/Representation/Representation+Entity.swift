package import JSON
import JSONLD

extension Representation {
  /// Writes a stored Entity, working on its bytes: nothing is decoded but names.
  ///
  /// Returns whether any member was left to show; nothing is written if not.
  @discardableResult
  package func write(
    stored entity: JSONValue, at now: DateTime, to writer: inout JSONWriter
  ) -> Bool {
    var hasMembers = false
    let start = writer
    writer.beginObject()
    for (name, value) in entity.members {
      if let member = CoreMember(spelt: name) {
        guard shows(member) else { continue }
        hasMembers = true
        write(member, value, to: &writer)
      } else if showsAttribute(name) {
        hasMembers = write(attribute: name, value, at: now, to: &writer) || hasMembers
      }
    }
    guard hasMembers else {
      writer = start
      return false
    }
    if embedsContext {
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
    writer.endObject()
    return true
  }

  private func shows(_ member: CoreMember) -> Bool {
    switch member {
    case .createdAt, .modifiedAt, .expiresAt: showsSystemAttributes && members.shows(member)
    // That an Entity was deleted is the point of telling of it.
    case .deletedAt: true
    default: members.shows(member)
    }
  }

  private func showsAttribute(_ name: JSONValue) -> Bool {
    members.showsAllAttributes || members.shows(IRI(name.string ?? ""))
  }

  /// A member of the Entity itself: types are compacted, one-element arrays become scalars.
  private func write(_ member: CoreMember, _ value: JSONValue, to writer: inout JSONWriter) {
    writer.name(member.term)
    switch member {
    case .type: write(names: value, to: &writer)
    case .scope where value.count == 1: value.elements.forEach { writer.value($0) }
    default: writer.value(value)
    }
  }

  // MARK: Attributes

  /// Returns whether an instance was left to show.
  private func write(
    attribute name: JSONValue, _ instances: JSONValue, at now: DateTime,
    to writer: inout JSONWriter
  ) -> Bool {
    let shown = instances.elements.filter { isShown($0, at: now) }
    guard !shown.isEmpty else { return false }
    writer.name(contents: compacted(name))
    switch (shown.count, format) {
    case (1, _): write(instance: shown[0], at: now, to: &writer)
    case (_, .simplified): write(datasets: shown, at: now, to: &writer)
    default:
      writer.beginArray()
      for instance in shown { write(instance: instance, at: now, to: &writer) }
      writer.endArray()
    }
    return true
  }

  private func isShown(_ instance: JSONValue, at now: DateTime) -> Bool {
    if let datasets, !datasets.contains(instance["datasetId"]?.string) { return false }
    guard let text = instance["expiresAt"]?.string, let expiry = DateTime(text)
    else { return true }
    return expiry > now
  }

  /// Several instances in the simplified representation (4.5.4).
  private func write(
    datasets instances: [JSONValue], at now: DateTime, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.name("dataset")
    writer.beginObject()
    for instance in instances {
      writer.name(instance["datasetId"]?.string ?? "@none")
      write(instance: instance, at: now, to: &writer)
    }
    writer.endObject()
    writer.endObject()
  }

  private func write(
    instance: JSONValue, at now: DateTime, to writer: inout JSONWriter
  ) {
    switch format {
    case .normalized: write(members: instance, withType: true, at: now, to: &writer)
    case .concise:
      if let value = bareValue(of: instance, at: now) {
        writer.value(value)
      } else {
        write(members: instance, withType: needsType(instance), at: now, to: &writer)
      }
    case .simplified: writeValue(ofInstance: instance, to: &writer)
    }
  }

  private func write(
    members instance: JSONValue, withType: Bool, at now: DateTime, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writeMembers(ofInstance: instance, withType: withType, at: now, to: &writer)
    writer.endObject()
  }

  /// Writes the members of a stored instance into an object that the caller has begun.
  ///
  /// - Parameter now: Sub-Attributes that have expired by then are left out.
  package func writeMembers(
    ofInstance instance: JSONValue, withType: Bool = true, at now: DateTime = .earliest,
    to writer: inout JSONWriter
  ) {
    for (name, value) in instance.members {
      guard let member = CoreMember(spelt: name) else {
        _ = write(attribute: name, value, at: now, to: &writer)
        continue
      }
      switch member {
      case .type where !withType: break
      case .createdAt, .modifiedAt, .expiresAt, .deletedAt:
        guard showsSystemAttributes else { continue }
        writer.name(member.term)
        writer.value(value)
      case .vocab, .previousVocab, .valueType, .objectType, .entityTypeSealed:
        writer.name(member.term)
        write(names: value, to: &writer)
      default:
        writer.name(member.term)
        writer.value(value)
      }
    }
  }

  // MARK: Concise

  /// The value alone, where it would be read back as the same Attribute (4.5.2.3); otherwise nil.
  private func bareValue(of instance: JSONValue, at now: DateTime) -> JSONValue? {
    guard let value = instance["value"], !showsSystemAttributes else { return nil }
    for (name, member) in instance.members {
      switch CoreMember(spelt: name) {
      case .type?, .value?, .createdAt?, .modifiedAt?, .expiresAt?, .deletedAt?: break
      case nil where !member.elements.contains(where: { isShown($0, at: now) }): break
      default: return nil
      }
    }
    let isGeoProperty = instance["type"]?.isString("GeoProperty") == true
    return isGeoProperty || !isAmbiguous(value) ? value : nil
  }

  /// Whether `type` must stay because the value alone would be taken for a GeoProperty's.
  private func needsType(_ instance: JSONValue) -> Bool {
    guard instance["type"]?.isString("Property") == true, let value = instance["value"] else {
      return false
    }
    return Geometry.isGeometry(value)
  }

  private func isAmbiguous(_ value: JSONValue) -> Bool {
    if value.isArray { return value.elements.contains(where: isAmbiguous) }
    return value.members.contains { name, _ in
      guard let member = CoreMember(spelt: name) else { return false }
      return member == .type || member.attributeType != nil || member == .datasetId
    }
  }

  // MARK: Simplified

  /// Writes what the simplified representation shows of a stored instance.
  package func writeValue(ofInstance instance: JSONValue, to writer: inout JSONWriter) {
    guard instance["deletedAt"] == nil else {
      writer.string("\(ngsildNull)")
      return
    }
    for (name, value) in instance.members {
      switch CoreMember(spelt: name) {
      case .value?, .object?, .valueList?: writer.value(value)
      case .objectList?:
        writer.beginArray()
        for element in value.elements { element["object"].map { writer.value($0) } }
        writer.endArray()
      case .languageMap?, .json?:
        writer.beginObject()
        name.withContents { writer.name(contents: $0) }
        writer.value(value)
        writer.endObject()
      case .vocab?:
        writer.beginObject()
        writer.name("vocab")
        write(names: value, to: &writer)
        writer.endObject()
      default: continue
      }
      return
    }
  }

  // MARK: Names

  private func compacted(_ name: JSONValue) -> [UInt8] {
    if name.hasEscapes { return jsonContents(of: context.compact(IRI(name.string ?? ""))) }
    return name.withContents { context.compactContents(of: $0) }
  }

  /// One IRI or an array of IRIs, compacted; an array of one becomes a string.
  private func write(names value: JSONValue, to writer: inout JSONWriter) {
    guard value.isArray else {
      writer.string(contents: compacted(value))
      return
    }
    if value.count == 1 {
      for element in value.elements { writer.string(contents: compacted(element)) }
    } else {
      writer.beginArray()
      for element in value.elements { writer.string(contents: compacted(element)) }
      writer.endArray()
    }
  }
}
