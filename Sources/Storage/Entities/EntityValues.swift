import JSON
import NGSILD

/// What `entity_value` holds of an Entity: its Attributes in the form that filters look at.
///
/// Shape of `attributes`: `{"<name number>": [instance, …], …}`, an instance being an object of
/// - the value under a key that tells its kind: `v` a Property's value or a ListProperty's array,
///   `r` a Relationship's URI or URIs (also of a ListRelationship), `l` a languageMap, `w` the IRI
///   or IRIs of a VocabProperty, `j` a JsonProperty's value, `g` true for a GeoProperty;
/// - `o`, `c`, `m`, `e`: observedAt, createdAt, modifiedAt, expiresAt in microseconds since 1970;
/// - `u` unitCode, `d` datasetId, `s` sub-Attributes in the same shape.
///
/// A string that is a DateTime is kept with six digits of fraction, so that the order of text is
/// the order of time.
struct EntityValues: Sendable {
  let attributes: [UInt8]
  /// Numbers of the Attributes, ascending.
  let names: [NameNumber]
  /// With the leading `/`; nil without any.
  let scopes: [String]?

  init(of entity: Entity, names table: NameTable) {
    var writer = JSONWriter(reservingCapacity: 1024)
    write(entity.attributes, names: table, to: &writer)
    attributes = writer.bytes
    names = entity.attributes.map { table.required($0.name.text) }.sorted()
    scopes =
      entity.scopes.isEmpty
      ? nil : entity.scopes.map { $0.hasPrefix("/") ? $0 : "/" + $0 }
  }
}

private func write(_ attributes: [Attribute], names: NameTable, to writer: inout JSONWriter) {
  writer.beginObject()
  for attribute in attributes {
    writer.name("\(names.required(attribute.name.text))")
    writer.beginArray()
    for instance in attribute.instances { write(instance, names: names, to: &writer) }
    writer.endArray()
  }
  writer.endObject()
}

private func write(_ instance: AttributeInstance, names: NameTable, to writer: inout JSONWriter) {
  writer.beginObject()
  writeValue(of: instance, to: &writer)
  if let datasetId = instance.datasetId {
    writer.name("d")
    writer.string(datasetId)
  }
  for member in instance.members {
    switch member.name {
    case .observedAt: write("o", DateTime(member.value), to: &writer)
    case .expiresAt: write("e", DateTime(member.value), to: &writer)
    case .unitCode:
      writer.name("u")
      writer.value(member.value)
    default: break
    }
  }
  write("c", instance.createdAt, to: &writer)
  write("m", instance.modifiedAt, to: &writer)
  if !instance.subAttributes.isEmpty {
    writer.name("s")
    write(instance.subAttributes, names: names, to: &writer)
  }
  writer.endObject()
}

private func write(_ key: StaticString, _ time: DateTime?, to writer: inout JSONWriter) {
  guard let time else { return }
  writer.name(key)
  writer.integer(Int(time.microseconds))
}

private func writeValue(of instance: AttributeInstance, to writer: inout JSONWriter) {
  switch instance.type {
  case .property, .listProperty:
    writer.name("v")
    writeComparable(instance.value, to: &writer)
  case .relationship:
    writer.name("r")
    writer.value(instance.value)
  case .listRelationship:
    writer.name("r")
    writer.beginArray()
    for element in instance.value.elements { element["object"].map { writer.value($0) } }
    writer.endArray()
  case .languageProperty:
    writer.name("l")
    writer.value(instance.value)
  case .vocabProperty:
    writer.name("w")
    writer.value(instance.value)
  case .jsonProperty:
    writer.name("j")
    writer.value(instance.value)
  case .geoProperty:
    writer.name("g")
    writer.boolean(true)
  }
}

/// A value with its DateTimes in comparable form; a JSON-LD typed value as its `@value`.
private func writeComparable(_ value: JSONValue, to writer: inout JSONWriter) {
  switch value.kind {
  case .string:
    if let time = DateTime(value) {
      writer.string(time.comparableText)
    } else {
      writer.value(value)
    }
  case .array:
    writer.beginArray()
    for element in value.elements { writeComparable(element, to: &writer) }
    writer.endArray()
  case .object:
    if let inner = value["@value"] {
      writeComparable(inner, to: &writer)
    } else {
      writer.beginObject()
      for (name, member) in value.members {
        name.withContents { writer.name(contents: $0) }
        writeComparable(member, to: &writer)
      }
      writer.endObject()
    }
  default: writer.value(value)
  }
}

extension DateTime {
  /// With six digits of fraction: the order of texts is the order of instants.
  package var comparableText: String {
    var text = description.dropLast()
    let fraction = text.split(separator: ".").dropFirst().first?.count ?? 0
    if fraction == 0 { text += "." }
    return text + String(repeating: "0", count: 6 - fraction) + "Z"
  }
}
