import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// How the temporal evolution of an Entity is shown.
///
/// Standard: GS CIM 009, 4.5.7 to 4.5.9.
struct TemporalRepresentation {
  /// `temporalValues`: pairs of value and time only.
  let isSimplified: Bool
  let showsSystemAttributes: Bool
  let property: TemporalQuery.TimeProperty
  let context: Context
  let embedsContext: Bool

  func write(_ history: EntityHistory, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("id")
    history.entity["id"].map { writer.value($0) }
    writer.name("type")
    writeNames(history.entity["type"], to: &writer)
    if showsSystemAttributes {
      for member: StaticString in ["createdAt", "modifiedAt"] {
        writer.name(member)
        history.entity[member].map { writer.value($0) }
      }
    }
    var rest = history.instances[...]
    while let first = rest.first {
      let instances = rest.prefix { $0.attribute == first.attribute }
      rest = rest.dropFirst(instances.count)
      writer.name(context.compact(first.attribute))
      if isSimplified {
        writePairs(instances, to: &writer)
      } else {
        writeInstances(instances, to: &writer)
      }
    }
    if embedsContext {
      writer.name("@context")
      writer.raw(context.bodyValue)
    }
    writer.endObject()
  }

  // MARK: Normalized

  private func writeInstances(
    _ instances: ArraySlice<EntityHistory.Instance>, to writer: inout JSONWriter
  ) {
    writer.beginArray()
    let representation = Representation(
      showsSystemAttributes: showsSystemAttributes, context: context)
    for instance in instances {
      writer.beginObject()
      representation.writeMembers(ofInstance: instance.document, to: &writer)
      if !showsSystemAttributes, let deletedAt = instance.document["deletedAt"] {
        writer.name("deletedAt")
        writer.value(deletedAt)
      }
      writer.name("instanceId")
      writer.string("urn:ngsi-ld:Instance:\(instance.id)")
      writer.endObject()
    }
    writer.endArray()
  }

  // MARK: Simplified

  /// One object per dataset; an array of them if there are several (4.5.9).
  private func writePairs(
    _ instances: ArraySlice<EntityHistory.Instance>, to writer: inout JSONWriter
  ) {
    var datasets: [String?] = []
    for instance in instances {
      let dataset = instance.document["datasetId"]?.string
      if !datasets.contains(dataset) { datasets.append(dataset) }
    }
    if datasets.count > 1 { writer.beginArray() }
    for dataset in datasets {
      let ofDataset = instances.filter { $0.document["datasetId"]?.string == dataset }
      write(pairs: ofDataset, dataset: dataset, to: &writer)
    }
    if datasets.count > 1 { writer.endArray() }
  }

  private func write(
    pairs instances: [EntityHistory.Instance], dataset: String?, to writer: inout JSONWriter
  ) {
    guard let first = instances.first, let type = first.document["type"]?.string else { return }
    writer.beginObject()
    writer.name("type")
    writer.string(type)
    if let dataset {
      writer.name("datasetId")
      writer.string(dataset)
    }
    writer.name(Self.plural[type] ?? "values")
    writer.beginArray()
    let representation = Representation(format: .simplified, context: context)
    for instance in instances {
      guard let time = instance.document[named: property.rawValue] else { continue }
      writer.beginArray()
      representation.writeValue(ofInstance: instance.document, to: &writer)
      writer.value(time)
      writer.endArray()
    }
    writer.endArray()
    writer.endObject()
  }

  private static let plural = [
    "Relationship": "objects", "LanguageProperty": "languageMaps", "JsonProperty": "jsons",
    "VocabProperty": "vocabs", "ListProperty": "valueLists", "ListRelationship": "objectLists",
  ]

  private func writeNames(_ value: JSONValue?, to writer: inout JSONWriter) {
    let names = value?.elements.map { context.compact(IRI($0.string ?? "")) } ?? []
    if names.count == 1 {
      writer.string(names[0])
      return
    }
    writer.beginArray()
    for name in names { writer.string(name) }
    writer.endArray()
  }
}
