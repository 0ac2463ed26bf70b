package import JSONLD
package import NGSILD

/// How many Entities and Attribute instances a tenant has, by combination of Entity types.
///
/// What has expired is not counted.
package struct Census: Sendable {
  package struct Entities: Sendable {
    package let types: [IRI]
    package let count: Int
  }

  /// Instances of one name and type, in Entities of these types.
  package struct Attributes: Sendable {
    package let types: [IRI]
    package let name: IRI
    package let type: AttributeType
    package let count: Int
  }

  package internal(set) var entities: [Entities] = []
  package internal(set) var attributes: [Attributes] = []

  /// Which part of the census is asked for.
  package enum Part: Sendable, Hashable {
    case all
    case entities
    case type(IRI)
    case attribute(IRI)
  }
}
