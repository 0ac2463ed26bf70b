import JSON
import JSONLD
import NGSILD
import NGSILDQuery

/// What `entity_value` holds of an Entity: its Attributes in the form that filters look at.
///
/// Shape of `attributes`: `{"<name number>": [instance, …], …}`, an instance being an object of
/// - the value under a key that tells its kind: `v` a Property's value or a ListProperty's array,
///   `r` a Relationship's URI or URIs (also of a ListRelationship), `l` a languageMap, `w` the IRI
///   or IRIs of a VocabProperty, `j` a JsonProperty's value, `g` true for a GeoProperty;
/// - `o`, `c`, `m`, `e`: observedAt, createdAt, modifiedAt, expiresAt in microseconds since 1970;
/// - `u` unitCode, `d` datasetId, `a` objectType, `b` valueType, `s` sub-Attributes in the same
///   shape.
///
/// A string that denotes a time is kept as an object of its text, `@text`, and what it is compared
/// by: `@instant` in microseconds, `@day` or `@time`, texts whose order is that of time.
struct EntityValues: Sendable {
  let attributes: [UInt8]
  /// Where in `attributes` each instance stands.
  private let places: [(key: InstanceKey, place: Range<Int>)]
  /// Numbers of the Attributes, ascending.
  let names: [NameNumber]
  /// With the leading `/`; nil without any.
  let scopes: [String]?

  init(of entity: Entity, names table: NameTable) {
    var writer = JSONWriter(reservingCapacity: 1024)
    var names: [NameNumber] = []
    var places: [(key: InstanceKey, place: Range<Int>)] = []
    names.reserveCapacity(entity.attributes.count)
    places.reserveCapacity(entity.attributes.count)
    write(entity.attributes, names: table, to: &writer) { attribute, instances, writer in
      names.append(attribute)
      for instance in instances {
        let key = InstanceKey(attribute: attribute, dataset: table.dataset(instance.datasetId))
        places.append((key, writer.place { write(instance, names: table, to: &$0) }))
      }
    }
    attributes = writer.bytes
    self.places = places
    self.names = names.sorted()
    scopes =
      entity.scopes.isEmpty
      ? nil : entity.scopes.map { $0.hasPrefix("/") ? $0 : "/" + $0 }
  }

  /// One instance as it stands in `attributes`; nil if it is not in them.
  subscript(_ key: InstanceKey) -> [UInt8]? {
    places.first { $0.key == key }.map { Array(attributes[$0.place]) }
  }
}

/// Writes an object with an array for each Attribute, whose elements `write` writes.
private func write(
  _ attributes: [Attribute], names: NameTable, to writer: inout JSONWriter,
  instances write: (NameNumber, [AttributeInstance], inout JSONWriter) -> Void
) {
  writer.beginObject()
  for attribute in attributes {
    let number = names.required(attribute.name)
    writer.name(number)
    writer.beginArray()
    write(number, attribute.instances, &writer)
    writer.endArray()
  }
  writer.endObject()
}

/// Writes one instance; `geometry` stands for the `true` that a GeoProperty has, where it is given.
func write(
  _ instance: AttributeInstance, names: NameTable, geometry: JSONValue? = nil,
  to writer: inout JSONWriter
) {
  writer.beginObject()
  if let geometry {
    writer.name("g")
    writer.value(geometry)
  } else {
    writeValue(of: instance, to: &writer)
  }
  if let datasetId = instance.datasetId {
    writer.name("d")
    writer.string(datasetId.text)
  }
  for member in instance.members { write(member.name, member.value, to: &writer) }
  write("c", instance.createdAt, to: &writer)
  write("m", instance.modifiedAt, to: &writer)
  if !instance.subAttributes.isEmpty {
    writer.name("s")
    write(instance.subAttributes, names: names, to: &writer) { _, instances, writer in
      for instance in instances { write(instance, names: names, to: &writer) }
    }
  }
  writer.endObject()
}

/// Writes a member of an instance that filters look at.
private func write(_ member: NGSILD.CoreMember, _ value: JSONValue, to writer: inout JSONWriter) {
  switch member {
  case .observedAt: write("o", DateTime(value), to: &writer)
  case .expiresAt: write("e", DateTime(value), to: &writer)
  case .unitCode:
    writer.name("u")
    writer.value(value)
  case .objectType:
    writer.name("a")
    writer.value(value)
  case .valueType:
    writer.name("b")
    writer.value(value)
  default: break
  }
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
    writeComparable(instance.value["@value"] ?? instance.value, to: &writer)
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
    writeComparable(instance.value, to: &writer)
  case .vocabProperty:
    writer.name("w")
    writer.value(instance.value)
  case .jsonProperty:
    writer.name("j")
    writeComparable(instance.value, to: &writer)
  case .geoProperty:
    writer.name("g")
    writer.boolean(true)
  }
}

/// A value with its times in comparable form.
private func writeComparable(_ value: JSONValue, to writer: inout JSONWriter) {
  switch value.kind {
  case .string:
    guard let time = value.mayBeTime ? Temporal(value.string ?? "") : nil else {
      writer.value(value)
      return
    }
    write(time, spelt: value, to: &writer)
  case .array:
    writer.beginArray()
    for element in value.elements { writeComparable(element, to: &writer) }
    writer.endArray()
  case .object:
    writer.beginObject()
    for (name, member) in value.members {
      name.withContents { writer.name(contents: $0) }
      writeComparable(member, to: &writer)
    }
    writer.endObject()
  default: writer.value(value)
  }
}

private func write(_ time: Temporal, spelt text: JSONValue, to writer: inout JSONWriter) {
  writer.beginObject()
  writer.name("@text")
  writer.value(text)
  switch time {
  case .dateTime(let dateTime):
    writer.name("@instant")
    writer.integer(Int(dateTime.microseconds))
  case .date(let date):
    writer.name("@day")
    writer.string(date.description)
  case .time(let time):
    writer.name("@time")
    writer.string(time.comparableText)
  }
  writer.endObject()
}

extension JSONValue {
  /// A cheap test of a string: those that denote times begin with a digit.
  fileprivate var mayBeTime: Bool {
    withContents { $0.count >= 9 && ($0[0] == UInt8(ascii: "\\") || $0[0] &- 48 < 10) }
  }
}

extension Time {
  /// With six digits of fraction: the order of texts is the order of times.
  var comparableText: String {
    var text = description.dropLast()
    let fraction = text.split(separator: ".").dropFirst().first?.count ?? 0
    if fraction == 0 { text += "." }
    return text + String(repeating: "0", count: 6 - fraction) + "Z"
  }
}
