import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery

/// What this broker has of the Entities of a query and no source claims; copies of what is claimed
/// should not be here, but may be.
///
/// Standard: GS CIM 009, 4.3.6.3.
struct UnclaimedPart {
  let plan: ReadPlan
  let request: QueryRequest
  /// Whether conditions are for what several have together.
  let splits: Bool
  let now: DateTime

  /// Conditions have held for whole Entities; they have to hold for what is left of them.
  ///
  /// - Parameter entities: that are held here and satisfy the conditions, in stored form.
  func of(
    _ entities: [JSONValue], by broker: Broker
  ) async throws(NGSILDError) -> [JSONValue] {
    guard plan.hasClaims else { return entities }
    let conditions = EntityConditions(request, at: now)
    var left: [JSONValue] = []
    var cut: [JSONValue] = []
    for entity in entities {
      let whole = Entity(stored: entity)
      guard let own = plan.own(whole) else { continue }
      guard own.attributes.count < whole.attributes.count else {
        left.append(entity)
        continue
      }
      let stored = own.stored()
      guard splits || conditions.isSatisfied(by: stored) else { continue }
      left.append(stored)
      cut.append(stored)
    }
    guard request.geo != nil, !splits, !cut.isEmpty else { return left }
    let fitting = try await conditions.filter(cut, by: broker)
    let gone = Set<IRI>(cut.compactMap(\.id)).subtracting(Set(fitting.compactMap(\.id)))
    return left.filter { !gone.contains($0.id ?? "") }
  }
}

extension JSONValue {
  /// The id of an Entity.
  fileprivate var id: String? { self["id"]?.string }
}
