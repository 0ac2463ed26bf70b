import JSON
import JSONLD
import NGSILD

/// An object of a source's answer; what is not as it should be is passed over.
struct DiscoveredNames {
  private let value: JSONValue
  private let context: Context

  init(_ value: JSONValue, _ context: Context) {
    self.value = value
    self.context = context
  }

  var typeList: [AvailableType] { names("typeList").map { AvailableType(name: $0) } }

  var attributeList: [AvailableAttribute] {
    names("attributeList").map { AvailableAttribute(name: $0) }
  }

  /// Of an EntityType or EntityTypeInfo.
  var type: AvailableType? {
    guard let name = value["typeName"]?.string else { return nil }
    let details = (value["attributeDetails"]?.elements.map(\.self) ?? [])
      .compactMap { DiscoveredNames($0, context).attribute }
    return AvailableType(
      name: context.expand(name), entityCount: count("entityCount"),
      attributes: details + names("attributeNames").map { AvailableAttribute(name: $0) })
  }

  var attribute: AvailableAttribute? {
    guard let name = value["attributeName"]?.string else { return nil }
    let types = value["attributeTypes"]?.elements.compactMap(\.string) ?? []
    return AvailableAttribute(
      name: context.expand(name), instanceCount: count("attributeCount"),
      types: types.compactMap { name in
        AttributeType.allCases.first { "\($0.term)" == name }
      }, entityTypes: names("typeNames"))
  }

  private func names(_ member: StaticString) -> [IRI] {
    value[member]?.elements.compactMap(\.string).map(context.expand) ?? []
  }

  /// Bounded, so that whatever sources tell can be added up.
  private func count(_ member: StaticString) -> Int {
    min(max(0, value[member]?.integer ?? 0), 1 << 40)
  }
}
