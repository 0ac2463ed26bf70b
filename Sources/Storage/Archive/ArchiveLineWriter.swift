import JSON
import NGSILD

/// Writes the lines of an archive that are about one Entity.
///
/// An archive is JSON-LD, line by line: names are IRIs, and members are those of the Core, which
/// needs no `@context`. Each Entity has
/// - a line with its state in the stored form, which has `createdAt`; with `deletedAt` if only its
///   history is left;
/// - lines with instances of one of its Attributes, or of its scopes, as the temporal
///   representation shows them, with all times and the `instanceId`;
/// - lines with hourly figures of numbers that retention has let go of, as the aggregated
///   representation shows them.
///
/// All but the first have as `type` all types that the Entity ever had.
struct ArchiveLineWriter {
  /// Of one line.
  static let instancesMax = 100
  private static let bytesMax = 64 * 1024

  private let entity: EntityHistory
  private let id: String
  private var writer = JSONWriter(reservingCapacity: 4096)
  /// The lines that are complete.
  private var lines: [UInt8] = []
  private var open: (member: String, count: Int)?

  init(_ entity: EntityHistory) {
    self.entity = entity
    id = entity.entity["id"]?.string ?? ""
  }

  /// The lines that have been completed since it was last asked.
  mutating func takeLines() -> [UInt8] {
    defer { lines.removeAll(keepingCapacity: true) }
    return lines
  }

  mutating func writeState() {
    guard let deletedAt = entity.deletedAt else {
      writer.value(entity.entity)
      return endLine()
    }
    writer.beginObject()
    for (name, value) in entity.entity.members {
      name.withContents { writer.name(contents: $0) }
      writer.value(value)
    }
    writer.name("deletedAt")
    writer.string(deletedAt.description)
    writer.endObject()
    endLine()
  }

  // MARK: Instances

  /// - Parameter member: the IRI of the Attribute, or `scope`.
  mutating func write(_ instance: EntityHistory.Instance, of member: String) {
    let isFull = open.map {
      $0.member != member || $0.count == Self.instancesMax || writer.bytes.count > Self.bytesMax
    }
    if isFull ?? true {
      endInstances()
      begin(member)
      writer.beginArray()
      open = (member, 0)
    }
    open?.count += 1
    writer.raw(instance.archived)
  }

  mutating func endInstances() {
    guard open != nil else { return }
    open = nil
    writer.endArray()
    writer.endObject()
    endLine()
  }

  // MARK: Hours

  mutating func write(_ hours: [ArchivedHour], of member: String, dataset: String?) {
    begin(member)
    writer.beginObject()
    writer.name("type")
    writer.string("Property")
    if let dataset {
      writer.name("datasetId")
      writer.string(dataset)
    }
    write(hours, "min") { $1.double($0.minimum) }
    write(hours, "max") { $1.double($0.maximum) }
    write(hours, "avg") { $1.double($0.average) }
    write(hours, "totalCount") { $1.integer(Int($0.count)) }
    writer.endObject()
    writer.endObject()
    endLine()
  }

  private mutating func write(
    _ hours: [ArchivedHour], _ method: StaticString,
    _ value: (ArchivedHour, inout JSONWriter) -> Void
  ) {
    writer.name(method)
    writer.beginArray()
    for hour in hours {
      writer.beginArray()
      value(hour, &writer)
      writer.string(hour.hour.description)
      writer.string(hour.end.description)
      writer.endArray()
    }
    writer.endArray()
  }

  // MARK: Lines

  /// Begins a line about the past, up to the value of its member.
  private mutating func begin(_ member: String) {
    writer.beginObject()
    writer.name("id")
    writer.string(id)
    writer.name("type")
    writer.beginArray()
    for type in entity.types { writer.string(type.text) }
    writer.endArray()
    writer.name(member)
  }

  private mutating func endLine() {
    lines += writer.bytes
    lines.append(UInt8(ascii: "\n"))
    writer = JSONWriter(reservingCapacity: 4096)
  }
}

/// What is left of an hour of a numeric Attribute, as an archive has it.
struct ArchivedHour: Hashable {
  let hour: DateTime
  let minimum: Double
  let maximum: Double
  let average: Double
  let count: Int64

  var end: DateTime { DateTime(microseconds: hour.microseconds + 3_600_000_000) }
}

extension EntityHistory.Instance {
  /// The stored form with the members that a row has in columns of their own.
  fileprivate var archived: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 128)
    writer.beginObject()
    writer.name("createdAt")
    writer.string(createdAt.description)
    writer.name("modifiedAt")
    writer.string(modifiedAt.description)
    if let id {
      writer.name("instanceId")
      id.write(to: &writer)
    }
    writer.endObject()
    var object = documentBytes
    object[object.count - 1] = UInt8(ascii: ",")
    object += writer.bytes.dropFirst()
    return object
  }
}
