import JSON
import JSONLD
package import NGSILD
package import Registrations

/// A write of history.
package typealias TemporalWrite = ClientWrite<TemporalOperation>

extension TemporalWrite {
  /// By what name registrations list it.
  package var registered: RegisteredOperation {
    switch operation {
    case .upsert: .upsertTemporal
    case .appendAttributes: .appendAttrsTemporal
    case .deleteAttribute: .deleteAttrsTemporal
    case .updateInstance: .updateAttrInstanceTemporal
    case .deleteInstance: .deleteAttrInstanceTemporal
    case .delete: .deleteTemporal
    }
  }

  /// The request by which a source gets its part.
  package func request(_ share: WritePlan.Share, at address: SourceAddress) -> SourceRequest {
    let entity = "/temporal/entities/\(pathSegment(id))"
    let attribute = { (name: IRI) in "\(entity)/attrs/\(pathSegment(address.name(name)))" }
    let (method, path) =
      switch operation {
      case .upsert: ("POST", "/temporal/entities")
      case .appendAttributes: ("POST", "\(entity)/attrs")
      case .deleteAttribute(let name, _): ("DELETE", attribute(name))
      case .updateInstance(let instance, let name, _):
        ("PATCH", "\(attribute(name))/\(pathSegment(instance))")
      case .deleteInstance(let instance, let name):
        ("DELETE", "\(attribute(name))/\(pathSegment(instance))")
      case .delete: ("DELETE", entity)
      }
    return address.request(method, path, parameters, body: body(share, at: address))
  }

  private func body(_ share: WritePlan.Share, at address: SourceAddress) -> SourceBody? {
    guard let body else { return nil }
    let part = part(share, at: address)
    if case .updateInstance = operation { return .object(part.attribute(body)) }
    return .object(part.entity(body))
  }
}
