import NGSILD

extension Registration {
  /// The restrictions that concern several members.
  ///
  /// Standard: GS CIM 009, 4.3.6.3 and 5.9.2.4.
  ///
  /// - Throws: `badRequestData`.
  func validate() throws(NGSILDError) {
    switch mode {
    case .inclusive, .redirect: return
    case .exclusive: try requireSingleEntities()
    case .auxiliary:
      guard operations.isSubset(of: .retrieveOps) else {
        throw .badRequestData(
          "An auxiliary registration has the operations "
            + "\(givenOperations?.names.joined(separator: ", ") ?? ""); only retrieveOps, "
            + "retrieveEntity and queryEntity are allowed")
      }
    }
  }

  private func requireSingleEntities() throws(NGSILDError) {
    for info in information {
      guard !info.entities.isEmpty, info.entities.allSatisfy({ $0.id != nil }) else {
        throw .badRequestData(
          "An exclusive registration has 'information' without an Entity 'id'; each element of "
            + "'entities' must have one")
      }
      guard !info.attributes.isEmpty else {
        throw .badRequestData(
          "An exclusive registration has 'information' without Attributes; 'propertyNames' or "
            + "'relationshipNames' is expected")
      }
    }
  }

  /// - Throws: `badRequestData` if it has expired already.
  func requireFuture(at now: DateTime) throws(NGSILDError) {
    guard let expiresAt, expiresAt.instant <= now else { return }
    throw .badRequestData("'expiresAt' \(expiresAt.text) is in the past; a later time is expected")
  }
}
