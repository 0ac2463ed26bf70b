import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// How the temporal evolution of an Entity is shown.
///
/// Standard: GS CIM 009, 4.5.6 to 4.5.9.
struct TemporalRepresentation {
  /// How each instance is shown; its members are those of the Entity.
  var instances: Representation
  /// `temporalValues`: pairs of value and time only.
  let isSimplified: Bool
  let property: TemporalQuery.TimeProperty

  /// Returns whether any member was left to show; nothing is written if not.
  @discardableResult
  func write(_ history: EntityHistory, to writer: inout JSONWriter) -> Bool {
    let start = writer.position
    writer.beginObject()
    var hasMembers = writeMembers(of: history, to: &writer)
    for series in history.series where shows(series) {
      hasMembers = true
      writer.name(series.attribute.map { instances.context.compact($0) } ?? "scope")
      if isSimplified {
        writePairs(series, to: &writer)
      } else {
        writeInstances(series, to: &writer)
      }
    }
    return endObject(from: start, hasMembers: hasMembers, to: &writer)
  }

  /// Ends an Entity that began at `start`; one that has no members is taken back, and false
  /// returned.
  func endObject(
    from start: JSONWriter.Position, hasMembers: Bool, to writer: inout JSONWriter
  ) -> Bool {
    guard hasMembers else {
      writer.rewind(to: start)
      return false
    }
    if instances.embedsContext {
      writer.name("@context")
      writer.raw(instances.context.bodyValue)
    }
    writer.endObject()
    return true
  }

  private func shows(_ series: EntityHistory.Series) -> Bool {
    series.attribute != nil || instances.olderVersion?.knowsScopes ?? true
  }

  /// Writes the members of the Entity itself.
  func writeMembers(of history: EntityHistory, to writer: inout JSONWriter) -> Bool {
    let showsID = instances.members.shows(.id)
    let showsType = instances.members.shows(.type)
    if showsID {
      writer.name("id")
      history.entity["id"].map { writer.value($0) }
    }
    if showsType {
      writer.name("type")
      let isOne = instances.olderVersion.map { !$0.knowsDatasets } ?? false
      write(names: isOne ? Array(history.types.prefix(1)) : history.types, to: &writer)
    }
    if instances.showsSystemAttributes {
      for member: StaticString in ["createdAt", "modifiedAt"] {
        guard let value = history.entity[member] else { continue }
        writer.name(member)
        writer.value(value)
      }
    }
    if let deletedAt = history.deletedAt {
      writer.name("deletedAt")
      writer.string(deletedAt.description)
    }
    return showsID || showsType
  }

  private func write(names: [IRI], to writer: inout JSONWriter) {
    if names.count != 1 { writer.beginArray() }
    for name in names { writer.string(instances.context.compact(name)) }
    if names.count != 1 { writer.endArray() }
  }

  // MARK: Normalized

  private func writeInstances(_ series: EntityHistory.Series, to writer: inout JSONWriter) {
    var instanceWriter = InstanceWriter(instances)
    writer.beginArray()
    for instance in series.instances {
      beginObject(instance, by: &instanceWriter, in: &writer)
      if instances.showsSystemAttributes {
        writer.member("createdAt", instance.createdAt.told)
        writer.member("modifiedAt", instance.modifiedAt.told)
      }
      // Scopes are no Attributes, whose instances alone can be named.
      if series.attribute != nil, let id = instance.id {
        writer.name("instanceId")
        id.write(to: &writer)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  private func beginObject(
    _ instance: EntityHistory.Instance, by instanceWriter: inout InstanceWriter,
    in writer: inout JSONWriter
  ) {
    if instance.isPlain && instances.olderVersion == nil {
      return instance.beginObject(in: &writer)
    }
    let document = instances.amended(instance: instance.document)
    writer.beginObject()
    instanceWriter.writeMembers(of: document, to: &writer)
    // That an instance was deleted is the point of telling of it.
    if !instances.showsSystemAttributes, let deletedAt = document["deletedAt"] {
      writer.name("deletedAt")
      writer.value(deletedAt)
    }
  }

  // MARK: Simplified

  /// One object per dataset; an array of them if there are several (4.5.9).
  private func writePairs(_ series: EntityHistory.Series, to writer: inout JSONWriter) {
    var datasets: [(id: IRI?, pairs: [(document: JSONValue, time: String)])] = []
    for instance in series.instances {
      let document = instances.amended(instance: instance.document)
      guard let time = time(of: instance, document) else { continue }
      let id = document["datasetId"]?.string.map(IRI.init)
      if let place = datasets.firstIndex(where: { $0.id == id }) {
        datasets[place].pairs.append((document, time))
      } else {
        datasets.append((id, [(document, time)]))
      }
    }
    let type = type(of: series)
    if datasets.isEmpty { writePairs([], of: type, dataset: nil, to: &writer) }
    if datasets.count > 1 { writer.beginArray() }
    for (id, pairs) in datasets {
      writePairs(pairs, of: type, dataset: id?.text, to: &writer)
    }
    if datasets.count > 1 { writer.endArray() }
  }

  /// As the client wrote it; nil if the instance was never observed.
  func time(of instance: EntityHistory.Instance, _ document: JSONValue) -> String? {
    property == .observedAt ? document["observedAt"]?.string : instance.time.description
  }

  /// A LanguageProperty of which one language is shown is a Property (4.15).
  private func type(of series: EntityHistory.Series) -> String {
    let document = instances.amended(instance: series.example.document)
    let type = document["type"]?.string ?? ""
    return type == "LanguageProperty" && instances.language != nil ? "Property" : type
  }

  private func writePairs(
    _ pairs: [(document: JSONValue, time: String)], of type: String, dataset: String?,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.name("type")
    writer.string(type)
    if let dataset {
      writer.name("datasetId")
      writer.string(dataset)
    }
    writer.name(Self.plural[type] ?? "values")
    var simplified = instances
    simplified.format = .simplified
    var instanceWriter = InstanceWriter(simplified)
    writer.beginArray()
    for (document, time) in pairs {
      writer.beginArray()
      writeValue(document, by: &instanceWriter, to: &writer)
      writer.string(time)
      writer.endArray()
    }
    writer.endArray()
    writer.endObject()
  }

  /// A deletion has the NGSI-LD Null in the form of its type's values.
  private func writeValue(
    _ document: JSONValue, by instanceWriter: inout InstanceWriter, to writer: inout JSONWriter
  ) {
    guard document["deletedAt"] != nil else {
      return instanceWriter.writeValue(of: document, to: &writer)
    }
    for member: StaticString in ["languageMap", "json", "vocab"] {
      guard let value = document[member], instances.language == nil || "\(member)" != "languageMap"
      else { continue }
      writer.beginObject()
      writer.name(member)
      writer.value(value)
      writer.endObject()
      return
    }
    if let value = document["value"] {
      writer.value(value)
    } else {
      writer.string("\(ngsildNull)")
    }
  }

  private static let plural = [
    "Relationship": "objects", "LanguageProperty": "languageMaps", "JsonProperty": "jsons",
    "VocabProperty": "vocabs", "ListProperty": "valueLists", "ListRelationship": "objectLists",
  ]
}

extension JSONWriter {
  fileprivate mutating func member(_ name: StaticString, _ time: DateTime?) {
    guard let time else { return }
    self.name(name)
    string(time.description)
  }
}
