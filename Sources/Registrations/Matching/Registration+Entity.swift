import JSON
import JSONLD
package import NGSILD
import Subscriptions

extension Registration {
  /// The registration in the shape of an Entity, so that `csf`, `q`, scope and geo-queries are
  /// asked of it as of Entities: with its Context Source Properties, and what the standard has of
  /// single values and areas.
  package var entity: Entity {
    var entity = Entity(
      id: id, types: [Self.type], scopes: scopes, expiresAt: expiresAt, createdAt: createdAt,
      modifiedAt: modifiedAt, attributes: properties.map(\.attribute))
    for (name, value) in singleValues {
      var writer = JSONWriter()
      writer.string(value)
      entity.add(name, .property, JSONValue(written: writer))
    }
    for (name, geometry) in geometries {
      var writer = JSONWriter()
      writer.raw(geometry.text)
      entity.add(name, .geoProperty, JSONValue(written: writer))
    }
    return entity
  }

  private var singleValues: [(name: StaticString, value: String)] {
    let all: [(StaticString, String?)] = [
      ("registrationName", name), ("description", description), ("endpoint", endpoint),
      ("mode", mode.rawValue), ("contextSourceAlias", alias), ("tenant", tenant),
      ("refreshRate", refreshRate?.text),
    ]
    return all.compactMap { name, value in value.map { (name, $0) } }
  }
}

extension Entity {
  fileprivate mutating func add(_ name: StaticString, _ type: AttributeType, _ value: JSONValue) {
    let instance = AttributeInstance(
      type: type, value: value, createdAt: createdAt, modifiedAt: modifiedAt)
    attributes.append(Attribute(name: Context.core.expand("\(name)"), instances: [instance]))
  }
}
