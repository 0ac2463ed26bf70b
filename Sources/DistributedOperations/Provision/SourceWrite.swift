import JSON
import JSONLD
package import NGSILD

/// A write on one Entity.
package typealias SourceWrite = ClientWrite<EntityOperation>

extension SourceWrite {
  /// The request by which a source gets its part.
  package func request(_ share: WritePlan.Share, at address: SourceAddress) -> SourceRequest {
    let entity = "/entities/\(pathSegment(id))"
    let (method, path) =
      switch operation {
      case .create: ("POST", "/entities")
      case .appendAttributes: ("POST", "\(entity)/attrs/")
      case .updateAttributes: ("PATCH", "\(entity)/attrs/")
      case .updateAttribute(let name, _): ("PATCH", attribute(name, of: entity, at: address))
      case .replaceAttribute(let name, _): ("PUT", attribute(name, of: entity, at: address))
      case .deleteAttribute(let name, _): ("DELETE", attribute(name, of: entity, at: address))
      case .deleteScope: ("DELETE", "\(entity)/attrs/scope")
      case .replaceEntity: ("PUT", entity)
      case .mergeEntity: ("PATCH", entity)
      default: ("DELETE", entity)
      }
    return address.request(method, path, parameters(at: address), body: body(share, at: address))
  }

  private func attribute(_ name: IRI, of entity: String, at address: SourceAddress) -> String {
    "\(entity)/attrs/\(pathSegment(address.name(name)))"
  }

  /// A `type` that is given is named as the source does; all else goes out as it came.
  private func parameters(at address: SourceAddress) -> [(name: String, value: String)] {
    parameters.map { name, value in
      guard name == "type", address.context !== context else { return (name, value) }
      return (name, address.name(context.expand(value)))
    }
  }

  private func body(_ share: WritePlan.Share, at address: SourceAddress) -> SourceBody? {
    switch operation {
    case .updateAttribute, .replaceAttribute:
      body.map { .object(part(share, at: address).attribute($0)) }
    default: entity(share, at: address).map { .object($0) }
    }
  }

  /// The body as an Entity, or a fragment of one; nil for a deletion.
  func entity(_ share: WritePlan.Share, at address: SourceAddress) -> [UInt8]? {
    body.map { part(share, at: address).entity($0) }
  }
}
