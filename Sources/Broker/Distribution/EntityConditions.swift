import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Storage

/// The conditions of a query, held against Entities that are no longer as any broker has them: put
/// together of the parts that several have (GS CIM 009, 4.3.6.7), or without what a source claims.
struct EntityConditions {
  private let request: QueryRequest
  private let now: DateTime

  init(_ request: QueryRequest, at now: DateTime) {
    self.request = request
    self.now = now
  }

  /// - Parameter entities: in stored form.
  func filter(
    _ entities: [JSONValue], by broker: Broker
  ) async throws(NGSILDError) -> [JSONValue] {
    let satisfying = entities.filter(isSatisfied)
    guard let geo = request.geo else { return satisfying }
    let conditions = satisfying.map { entity in
      GeoCondition(geo, geometries: geo.geometries(of: entity, at: now))
    }
    let holds = try await broker.database { () throws(PostgresError) in
      try await broker.queries.evaluate(conditions)
    }
    return zip(satisfying, holds).filter(\.1).map(\.0)
  }

  /// Of all conditions but geo-queries, which the database evaluates.
  func isSatisfied(by entity: JSONValue) -> Bool {
    let attributes = request.projection.attributes
    guard attributes.isEmpty || attributes.contains(where: { entity[named: $0.text] != nil })
    else { return false }
    return request.scopes?.matches(entity) ?? true
      && request.query?.matches(entity, at: now) ?? true
  }
}
