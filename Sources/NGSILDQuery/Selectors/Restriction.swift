package import NGSILD

/// Refuses a request for too many Entities: one has to name a type, an Attribute by `attrs` or `q`,
/// or a place, or stay local.
///
/// Ids, scopes and `pick` do not count, nor do members such as `createdAt`.
///
/// Standard: GS CIM 009, 5.7.2.4.
///
/// - Parameter isLocal: whether no Context Source is asked, by `local=true` or for a Snapshot.
/// - Throws: `badRequestData`.
package func requireRestriction(
  selectors: [EntitySelector], projection: Projection, query: Query?, geoQuery: GeoQuery?,
  isLocal: Bool
) throws(NGSILDError) {
  let hasTypes = !selectors.isEmpty && selectors.allSatisfy { $0.types != nil }
  let hasAttributes = !projection.attributes.isEmpty || query?.attributes.isEmpty == false
  guard hasTypes || hasAttributes || geoQuery != nil || isLocal else {
    throw .badRequestData(
      "The query is too wide; right is one with type, attrs, q on an Attribute, a geo-query or "
        + "local=true")
  }
}

/// Refuses a `q` or projection that follows more Relationships than `join` and `joinLevel` grant.
///
/// - Parameters:
///   - linkDepth: of the `Query` and the `Projection`.
///   - joinLevel: nil without a `join` that is `flat` or `inline`.
/// - Throws: `badRequestData` (GS CIM 009, 4.5.23).
package func requireLinks(_ linkDepth: Int, within joinLevel: Int?) throws(NGSILDError) {
  guard linkDepth > (joinLevel ?? 0) else { return }
  throw .badRequestData(
    joinLevel.map { "Linked Entities \(linkDepth) levels deep are asked for; joinLevel is \($0)" }
      ?? "Linked Entities are asked for without join=flat or join=inline")
}
