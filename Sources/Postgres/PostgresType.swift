/// A built-in type of PostgreSQL, by its object identifier, which is the same on every server.
package struct PostgresType: Sendable, Hashable {
  package let oid: UInt32
  /// The type of its arrays; nil for an array type, since arrays here have one dimension.
  private let arrayOID: UInt32?

  init(oid: UInt32, arrayOID: UInt32? = nil) {
    self.oid = oid
    self.arrayOID = arrayOID
  }

  package var array: PostgresType {
    guard let arrayOID else { preconditionFailure("An array of arrays is not a parameter") }
    return PostgresType(oid: arrayOID)
  }

  package static let bool = PostgresType(oid: 16, arrayOID: 1000)
  package static let bytea = PostgresType(oid: 17, arrayOID: 1001)
  package static let int8 = PostgresType(oid: 20, arrayOID: 1016)
  package static let int2 = PostgresType(oid: 21, arrayOID: 1005)
  package static let int4 = PostgresType(oid: 23, arrayOID: 1007)
  package static let text = PostgresType(oid: 25, arrayOID: 1009)
  package static let float8 = PostgresType(oid: 701, arrayOID: 1022)
  package static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
  package static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)
  package static let jsonpath = PostgresType(oid: 4072, arrayOID: 4073)
}
