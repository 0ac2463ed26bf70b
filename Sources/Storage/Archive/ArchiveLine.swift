import JSON
import JSONLD
import NGSILD

/// One line of an archive, as `ArchiveLineWriter` writes it.
struct ArchiveLine {
  let id: String
  /// Those that the Entity has; in a line about the past, all that it ever had.
  let types: [IRI]
  let content: Content

  enum Content {
    /// - Parameter deletedAt: nil unless only the history is left.
    case state(Entity, deletedAt: DateTime?)
    case instances([Instance])
    case hours([Hours])
  }

  struct Instance {
    let id: InstanceID
    /// The IRI of the Attribute, or `scope`.
    let member: IRI
    let value: Value
    let created: DateTime
    let modified: DateTime
  }

  enum Value {
    case attribute(AttributeInstance)
    case scopes(TemporalRecord.Scopes)
  }

  struct Hours {
    let attribute: IRI
    let dataset: IRI?
    let hours: [ArchivedHour]
  }

  /// All names that its rows refer to by number.
  var names: [IRI] {
    switch content {
    case .state: []
    case .instances(let instances):
      instances.flatMap { instance -> [IRI] in
        guard case .attribute(let value) = instance.value else { return [instance.member] }
        return [instance.member] + value.names
      }
    case .hours(let hours):
      hours.flatMap { [$0.attribute] + [$0.dataset].compactMap(\.self) }
    }
  }
}

/// Reads lines of an archive. They may come from anywhere, so they are checked as bodies of
/// requests are, and have to say no more than is stored of them.
final class ArchiveParser {
  private let states = FragmentParser(context: .core, rules: .complete)
  private let pasts = FragmentParser(context: .core, rules: .temporal)

  private static let limits = JSONLimits(depthMax: 256)

  /// - Throws: `badRequestData`, `invalidRequest`.
  func line(_ bytes: [UInt8]) throws(NGSILDError) -> ArchiveLine {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: bytes, limits: Self.limits)
    } catch {
      throw .badRequestData("\(error)")
    }
    if json["createdAt"] != nil { return try state(json) }
    let members = json.members.filter { !$0.name.isString("id") && !$0.name.isString("type") }
    let isOfHours = members.contains { $0.value.isObject }
    return isOfHours ? try hours(json, members) : try instances(json, members)
  }

  // MARK: State

  private func state(_ json: JSONValue) throws(NGSILDError) -> ArchiveLine {
    let fragment = try states.entity(json)
    let deletedAt = try json["deletedAt"].map { value throws(NGSILDError) in
      try time(value, "deletedAt")
    }
    _ = try time(json["createdAt"], "createdAt")
    _ = try time(json["modifiedAt"], "modifiedAt")
    var entity = Entity(stored: json)
    if deletedAt != nil { entity.attributes.removeAll { $0.name.text == "deletedAt" } }
    try requireIRIs(entity.types.map(\.text))
    try requireIRIs(entity.attributes)
    var writer = JSONWriter(reservingCapacity: 2048)
    entity.write(to: &writer)
    try require(
      json, JSONValue(storedDocument: writer.bytes), and: deletedAt == nil ? [] : ["deletedAt"])
    return ArchiveLine(
      id: try id(fragment.id), types: try types(fragment.types),
      content: .state(entity, deletedAt: deletedAt))
  }

  // MARK: Instances

  private func instances(
    _ json: JSONValue, _ members: [JSONMembers.Member]
  ) throws(NGSILDError) -> ArchiveLine {
    let fragment = try pasts.temporalEntity(json)
    var instances: [ArchiveLine.Instance] = []
    for (name, value) in members {
      let member = name.string ?? ""
      guard value.isArray else {
        throw .badRequestData("'\(member)' has to be an array of instances")
      }
      if member == NameTable.scope.text {
        let scopes = fragment.scopes
        for (record, element) in zip(scopes, value.elements) {
          instances.append(try instance(element, of: member, record))
        }
      } else {
        try requireIRIs([member])
        for element in value.elements { instances.append(try instance(element, of: member)) }
      }
    }
    return ArchiveLine(
      id: try id(fragment.id), types: try types(fragment.types), content: .instances(instances))
  }

  private func instance(
    _ json: JSONValue, of member: String, _ scopes: TemporalRecord.Scopes? = nil
  ) throws(NGSILDError) -> ArchiveLine.Instance {
    guard let id = json["instanceId"]?.string.flatMap(InstanceID.init(uri:)) else {
      throw .badRequestData("An instance of '\(member)' has no 'instanceId' of Kontext")
    }
    let created = try time(json["createdAt"], "createdAt")
    let modified = try time(json["modifiedAt"], "modifiedAt")
    let value: ArchiveLine.Value
    if let scopes {
      value = .scopes(scopes)
    } else {
      value = .attribute(try attribute(json, of: member, at: modified))
    }
    return ArchiveLine.Instance(
      id: id, member: IRI(member), value: value, created: created, modified: modified)
  }

  private func attribute(
    _ json: JSONValue, of member: String, at modified: DateTime
  ) throws(NGSILDError) -> AttributeInstance {
    var instance = AttributeInstance(stored: json, in: modified)
    try requireIRIs(instance.subAttributes)
    instance.createdAt = modified
    instance.members.removeAll { $0.name == .instanceId }
    var writer = JSONWriter(reservingCapacity: 256)
    instance.write(to: &writer, in: modified)
    try require(
      json, JSONValue(storedDocument: writer.bytes), and: ["createdAt", "modifiedAt", "instanceId"])
    return instance
  }

  // MARK: Hours

  private func hours(
    _ json: JSONValue, _ members: [JSONMembers.Member]
  ) throws(NGSILDError) -> ArchiveLine {
    var entity = JSONWriter()
    entity.beginObject()
    for (name, value) in json.members where name.isString("id") || name.isString("type") {
      name.withContents { entity.name(contents: $0) }
      entity.value(value)
    }
    entity.endObject()
    let fragment = try states.entity(JSONValue(storedDocument: entity.bytes))
    var hours: [ArchiveLine.Hours] = []
    for (name, value) in members {
      let attribute = name.string ?? ""
      try requireIRIs([attribute])
      hours.append(
        ArchiveLine.Hours(
          attribute: IRI(attribute), dataset: value["datasetId"]?.string.map(IRI.init),
          hours: try figures(value, of: attribute)))
    }
    return ArchiveLine(
      id: try id(fragment.id), types: try types(fragment.types), content: .hours(hours))
  }

  private func figures(
    _ json: JSONValue, of attribute: String
  ) throws(NGSILDError) -> [ArchivedHour] {
    let methods = [json["min"], json["max"], json["avg"], json["totalCount"]]
      .map { $0.map { Array($0.elements) } ?? [] }
    guard Set(methods.map(\.count)).count == 1, !methods[0].isEmpty else {
      throw figuresExpected(of: attribute)
    }
    var hours: [ArchivedHour] = []
    for place in methods[0].indices {
      let cells = methods.map { $0[place] }
      let numbers = cells.compactMap { Array($0.elements).first?.double }
      let starts = Set(cells.compactMap { Array($0.elements).dropFirst().first?.string })
      guard numbers.count == 4, starts.count == 1,
        let start = starts.first.flatMap({ DateTime($0) }),
        start.microseconds % 3_600_000_000 == 0, let count = Int64(exactly: numbers[3]), count > 0
      else { throw figuresExpected(of: attribute) }
      hours.append(
        ArchivedHour(
          hour: start, minimum: numbers[0], maximum: numbers[1], average: numbers[2], count: count))
    }
    return hours
  }

  private func figuresExpected(of attribute: String) -> NGSILDError {
    .badRequestData(
      "'\(attribute)' has to be an array of instances, or to have 'min', 'max', 'avg' and "
        + "'totalCount' of the same hours")
  }

  // MARK: Parts

  private func id(_ id: String?) throws(NGSILDError) -> String {
    guard let id else { throw .badRequestData("'id' is missing, the Entity's URI") }
    return id
  }

  private func types(_ types: [IRI]) throws(NGSILDError) -> [IRI] {
    guard !types.isEmpty else { throw .badRequestData("'type' is missing, the Entity's types") }
    return types
  }

  private func time(_ value: JSONValue?, _ member: String) throws(NGSILDError) -> DateTime {
    guard let text = value?.string else { throw .badRequestData("'\(member)' is missing") }
    return try DateTime(parsing: text, of: member)
  }

  private func requireIRIs(_ attributes: [Attribute]) throws(NGSILDError) {
    try requireIRIs(attributes.map(\.name.text))
    for instance in attributes.flatMap(\.instances) { try requireIRIs(instance.subAttributes) }
  }

  private func requireIRIs(_ names: [String]) throws(NGSILDError) {
    for name in names where !name.contains(":") {
      throw .badRequestData("'\(name)' is no IRI, as names in an archive are")
    }
  }

  /// A line of another form would lose what is not stored.
  private func require(
    _ line: JSONValue, _ stored: JSONValue, and others: [String]
  ) throws(NGSILDError) {
    for (name, value) in line.members {
      let name = name.string ?? ""
      guard stored[named: name] == value || others.contains(name) else {
        throw .badRequestData("'\(name)' is not in the form in which 'kontext export' writes it")
      }
    }
    guard line.count == stored.count + others.count else {
      throw .badRequestData("Members are missing that 'kontext export' writes")
    }
  }
}
