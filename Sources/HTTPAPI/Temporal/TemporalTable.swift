import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// The temporal evolution of Entities as a table: a row for each instance.
///
/// Choice: values that are no numbers, booleans or strings are JSON; of several types, a space
/// stands between two. The time is that of the time property; of a deletion, the value is empty.
struct TemporalTable {
  private let representation: TemporalRepresentation
  private var instanceWriter: InstanceWriter
  private var instances: Representation { representation.instances }
  private var writer = CSVWriter()

  init(_ representation: TemporalRepresentation) {
    self.representation = representation
    var simplified = representation.instances
    simplified.format = .simplified
    instanceWriter = InstanceWriter(simplified)
  }

  /// The bytes that were written since it was last asked.
  mutating func take() -> [UInt8] { writer.take() }

  mutating func writeHeader() {
    for name in ["id", "type", "attribute", "datasetId", "time", "value", "unitCode", "deletedAt"] {
      writer.field(name)
    }
    if instances.showsSystemAttributes {
      for name in ["createdAt", "modifiedAt", "instanceId"] { writer.field(name) }
    }
    writer.endRow()
  }

  mutating func write(_ piece: HistoryReading.Piece) {
    write(piece.instances, of: piece.attribute, piece.entity)
  }

  mutating func write(_ series: EntityHistory.Series, of entity: EntityHistory) {
    write(series.instances, of: series.attribute, entity)
  }

  private mutating func write(
    _ written: [EntityHistory.Instance], of attribute: IRI?, _ entity: EntityHistory
  ) {
    let id = entity.entity["id"]?.string
    let types = entity.types.map { instances.context.compact($0) }.joined(separator: " ")
    let attribute = attribute.map { instances.context.compact($0) } ?? "scope"
    for instance in written {
      let document = instance.document
      for field in [id, types, attribute, document["datasetId"]?.string] { writer.field(field) }
      writer.field(representation.time(of: instance, document))
      writeValue(document)
      for member: StaticString in ["unitCode", "deletedAt"] {
        writer.field(document[member]?.string)
      }
      if instances.showsSystemAttributes {
        writer.field(instance.createdAt.told?.description)
        writer.field(instance.modifiedAt.told?.description)
        writer.field(instance.id?.description)
      }
      writer.endRow()
    }
  }

  private mutating func writeValue(_ document: JSONValue) {
    guard document["deletedAt"] == nil else { return writer.field(nil) }
    var json = JSONWriter(reservingCapacity: 64)
    instanceWriter.writeValue(of: document, to: &json)
    guard let value = try? JSONValue(parsing: json.bytes, limits: JSONLimits(depthMax: 256)) else {
      preconditionFailure("A value that was written is JSON")
    }
    write(Self.wrapped(value, ofType: document["type"]?.string))
  }

  private mutating func write(_ value: JSONValue) {
    if let text = value.string { writer.field(text) } else { writer.field(literal: value.rawText) }
  }

  /// What stands in the only member of the simplified forms that tell their type.
  private static func wrapped(_ value: JSONValue, ofType type: String?) -> JSONValue {
    switch type {
    case "LanguageProperty": value["languageMap"] ?? value
    case "JsonProperty": value["json"] ?? value
    case "VocabProperty": value["vocab"] ?? value
    default: value
    }
  }
}
