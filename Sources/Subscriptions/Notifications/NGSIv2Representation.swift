import JSON
import JSONLD
import NGSILD

/// How Entities are shown to receivers that know NGSIv2.
///
/// Shape: `{"id", "type", "temperature": {"type": "Number", "value": 21, "metadata": {…}}}`.
///
/// Choice: an Attribute with several instances is shown by its default one, or else the first; what
/// NGSIv2 has no place for becomes metadata. Of a language map, `lang` chooses.
struct NGSIv2Representation: Sendable {
  private let context: Context
  private let datasets: Set<IRI?>?
  private let language: LanguageFilter?

  init(_ representation: Representation) {
    context = representation.context
    datasets = representation.datasets
    language = representation.language
  }

  /// - Parameter entity: in stored form.
  func write(
    stored entity: JSONValue, showing members: MemberSelection, at now: DateTime,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.member("id", entity["id"]?.string)
    let types = entity["type"].map { $0.isArray ? Array($0.elements) : [$0] } ?? []
    writer.member("type", types.first?.string.map { context.compact(IRI($0)) })
    for (name, instances) in entity.members {
      let iri = IRI(name.string ?? "")
      guard instances.isArray, iri.text.utf8.contains(UInt8(ascii: ":")), members.shows(iri),
        let instance = shown(instances, at: now)
      else { continue }
      writer.name(context.compact(iri))
      write(instance, withMetadata: true, to: &writer)
    }
    writer.endObject()
  }

  private func shown(_ instances: JSONValue, at now: DateTime) -> JSONValue? {
    let shown = instances.elements.filter { instance in
      if let datasets, !datasets.contains(instance["datasetId"]?.string.map(IRI.init)) {
        return false
      }
      guard let expiry = instance["expiresAt"].flatMap({ DateTime($0) }) else { return true }
      return expiry > now
    }
    return shown.first { $0["datasetId"] == nil } ?? shown.first
  }

  // MARK: Attributes

  /// An Attribute, or, without metadata of its own, a metadatum.
  private func write(
    _ instance: JSONValue, withMetadata: Bool, to writer: inout JSONWriter
  ) {
    let value = value(of: instance)
    writer.beginObject()
    writer.member("type", type(of: instance, value))
    writer.name("value")
    if let value { writer.value(value) } else { writer.null() }
    if withMetadata {
      writer.name("metadata")
      writeMetadata(of: instance, to: &writer)
    }
    writer.endObject()
  }

  private func writeMetadata(of instance: JSONValue, to writer: inout JSONWriter) {
    writer.beginObject()
    for (name, value) in instance.members {
      let name = name.string ?? ""
      if let type = Self.metadata[name] {
        writer.name(name)
        writer.beginObject()
        writer.member("type", type)
        writer.name("value")
        writer.value(value)
        writer.endObject()
      } else if value.isArray, name.utf8.contains(UInt8(ascii: ":")),
        let first = value.elements.first(where: { _ in true })
      {
        writer.name(context.compact(IRI(name)))
        write(first, withMetadata: false, to: &writer)
      }
    }
    writer.endObject()
  }

  /// Members that NGSIv2 does not have, with the type of their metadata.
  private static let metadata = [
    "observedAt": "DateTime", "unitCode": "Text", "datasetId": "Text",
  ]

  // MARK: Values

  private func value(of instance: JSONValue) -> JSONValue? {
    guard instance["deletedAt"] == nil else { return nil }
    if let value = instance["value"] { return value["@value"] ?? value }
    if let map = instance["languageMap"] { return translation(in: map) }
    return instance["object"] ?? instance["vocab"] ?? instance["json"] ?? instance["valueList"]
      ?? instance["objectList"]
  }

  private func translation(in map: JSONValue) -> JSONValue {
    let tags = map.members.compactMap(\.name.string)
    guard let tag = language?.choose(from: tags), let text = map[named: tag] else { return map }
    return text
  }

  private func type(of instance: JSONValue, _ value: JSONValue?) -> String {
    guard let value, !value.isNull else { return "None" }
    switch instance["type"]?.string {
    case "Relationship", "ListRelationship": return "Relationship"
    case "GeoProperty": return "geo:json"
    default: break
    }
    if instance["value"]?["@type"]?.string?.hasSuffix("DateTime") == true { return "DateTime" }
    if value.isString { return "Text" }
    if value.boolean != nil { return "Boolean" }
    return value.kind == .number ? "Number" : "StructuredValue"
  }
}
