import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Subscriptions

extension RegistrationParser {
  /// Standard: RegistrationInfo (GS CIM 009, 5.2.10).
  func information(_ reader: MemberReader) throws(NGSILDError) -> [RegistrationInfo] {
    guard let elements = try reader.elements("information") else {
      throw .badRequestData("'information' is missing; an array of objects is expected")
    }
    var information: [RegistrationInfo] = []
    for element in elements { information.append(try info(MemberReader(element, "information"))) }
    return information
  }

  private func info(_ reader: MemberReader) throws(NGSILDError) -> RegistrationInfo {
    let entities = try reader.elements("entities")
    let properties = try names(reader, "propertyNames")
    let relationships = try names(reader, "relationshipNames")
    guard entities != nil || properties != nil || relationships != nil else {
      throw .badRequestData(
        "'information' has an element without 'entities', 'propertyNames' and "
          + "'relationshipNames'; at least one is expected")
    }
    var infos: [EntityInfo] = []
    for entity in entities ?? [] {
      infos.append(try entityInfo(MemberReader(entity, "information.entities")))
    }
    return RegistrationInfo(
      entities: infos, propertyNames: properties ?? [], relationshipNames: relationships ?? [])
  }

  /// Standard: EntityInfo (GS CIM 009, 5.2.8).
  private func entityInfo(_ reader: MemberReader) throws(NGSILDError) -> EntityInfo {
    var types = try reader.strings("type")
    if types == nil { types = try reader.strings("@type") }
    let id = try reader.string("id", or: "@id")
    guard types != nil || id != nil else {
      throw .badRequestData("\(reader.title("type")) is missing; an Entity type is expected")
    }
    if let id { try requireEntityID(id) }
    return EntityInfo(
      types: try expand(types ?? [], as: "Entity type", in: reader.title("type")),
      id: id.map { IRI($0) },
      idPattern: try reader.string("idPattern").map { text throws(NGSILDError) in
        try Pattern(text)
      })
  }

  private func names(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [IRI]? {
    guard let texts = try reader.strings(name) else { return nil }
    return try expand(texts, as: "Attribute", in: reader.title(name))
  }

  /// Without repetition.
  private func expand(
    _ texts: [String], as kind: String, in title: String
  ) throws(NGSILDError) -> [IRI] {
    var names: [IRI] = []
    for text in texts {
      let name = try context.expandedName(text, as: kind, in: title)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }
}
