import DistributedOperations
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Storage

/// What Context Sources have of types and Attributes (GS CIM 009, 5.7.11).
extension Broker {
  /// What registrations say themselves, and what their sources answer.
  func discoverAtSources(
    _ read: DiscoveryRead, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async -> Discovery {
    let distribution = Distribution(
      of: EntitySpecification(read), from: origin, in: tenant, by: self)
    guard let distribution else { return Discovery() }
    var discovery = Discovery()
    for registration in distribution.registrations { discovery.add(registration, for: read) }
    guard !distribution.origin.isLoop else { return discovery }
    await withTaskGroup(of: Discovery.self) { group in
      for registration in distribution.registrations
      where registration.operations.contains(read.registered) {
        group.addTask { await distribution.discover(read, at: registration) }
      }
      for await found in group { discovery.add(found) }
    }
    return discovery
  }
}

extension EntitySpecification {
  fileprivate init(_ read: DiscoveryRead) {
    switch read {
    case .types, .attributes: self.init()
    case .type(let name): self.init(selectors: [EntitySelector(types: .anyOf([[name]]))])
    case .attribute(let name): self.init(attributes: [name])
    }
  }
}

extension Discovery {
  /// What is registered is there, for all that is known.
  fileprivate mutating func add(_ registration: Registration, for read: DiscoveryRead) {
    for info in registration.information {
      let types = info.entities.flatMap(\.types)
      let attributes = info.attributes.map { AvailableAttribute(name: $0, entityTypes: types) }
      switch read {
      case .types(let details):
        for type in types { add(AvailableType(name: type, attributes: details ? attributes : [])) }
      case .type(let name):
        if types.contains(name) { add(AvailableType(name: name, attributes: attributes)) }
      case .attributes: for attribute in attributes { add(attribute) }
      case .attribute(let name):
        for attribute in attributes where attribute.name == name { add(attribute) }
      }
    }
  }
}

extension Distribution {
  fileprivate func discover(
    _ read: DiscoveryRead, at registration: Registration
  ) async -> Discovery {
    let address = await address(of: registration)
    let reading = await self.read(read.request(at: address), at: address)
    var discovery = Discovery()
    discovery.warnings = reading.warnings
    guard let answer = reading.answer else { return discovery }
    let values = answer.value.isArray ? Array(answer.value.elements) : [answer.value]
    guard values.allSatisfy(\.isObject) else {
      let error = NGSILDError.badRequestData("objects are expected")
      discovery.warnings.append(unusable(error, of: registration))
      return discovery
    }
    for value in values {
      let answered = DiscoveredNames(value, answer.contexts.context(value["@context"]))
      switch read {
      case .types(details: false): for type in answered.typeList { discovery.add(type) }
      case .types(details: true), .type: if let type = answered.type { discovery.add(type) }
      case .attributes(details: false):
        for attribute in answered.attributeList { discovery.add(attribute) }
      case .attributes(details: true), .attribute:
        if let attribute = answered.attribute { discovery.add(attribute) }
      }
    }
    return discovery
  }
}
