/// An operation that a Context Source supports; cases are named as in registrations.
///
/// Standard: GS CIM 009, 4.20.
package enum RegisteredOperation: UInt8, Sendable, CaseIterable {
  case createEntity, updateEntity, appendAttrs, updateAttrs, deleteAttrs, deleteEntity
  case mergeEntity, replaceEntity, replaceAttrs, purgeEntity
  case createBatch, upsertBatch, updateBatch, deleteBatch, mergeBatch
  case upsertTemporal, appendAttrsTemporal, deleteAttrsTemporal
  case updateAttrInstanceTemporal, deleteAttrInstanceTemporal, deleteTemporal
  case retrieveEntity, queryEntity, queryBatch, retrieveTemporal, queryTemporal
  case retrieveEntityTypes, retrieveEntityTypeDetails, retrieveEntityTypeInfo
  case retrieveAttrTypes, retrieveAttrTypeDetails, retrieveAttrTypeInfo
  case createSubscription, updateSubscription, retrieveSubscription, querySubscription
  case deleteSubscription
  case retrieveEntityMap, updateEntityMap, deleteEntityMap
  case createEntityMapQueryEntity, createEntityMapQueryTemporal
  case retrieveContextSourceIdentity
}

/// The operations that a Context Source supports.
package struct RegisteredOperations: OptionSet, Sendable, Hashable {
  /// A bit for each `RegisteredOperation`.
  package let rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package init(_ operations: RegisteredOperation...) {
    rawValue = operations.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  package func contains(_ operation: RegisteredOperation) -> Bool {
    rawValue & 1 << UInt64(operation.rawValue) != 0
  }

  // MARK: Groups

  /// Where a registration names none.
  package static let federationOps: RegisteredOperations = [
    associationOps,
    RegisteredOperations(
      .retrieveEntityMap, .updateEntityMap, .deleteEntityMap, .createEntityMapQueryEntity),
  ]

  package static let associationOps: RegisteredOperations = [
    retrieveOps, typeOps,
    RegisteredOperations(
      .queryBatch, .createSubscription, .updateSubscription, .retrieveSubscription,
      .querySubscription, .deleteSubscription, .retrieveContextSourceIdentity),
  ]

  package static let updateOps = RegisteredOperations(
    .updateEntity, .updateAttrs, .replaceEntity, .replaceAttrs)

  package static let retrieveOps = RegisteredOperations(.retrieveEntity, .queryEntity)

  package static let redirectionOps: RegisteredOperations = [
    retrieveOps, updateOps, typeOps,
    RegisteredOperations(
      .createEntity, .appendAttrs, .deleteAttrs, .deleteEntity, .mergeEntity, .purgeEntity,
      .retrieveEntityMap, .updateEntityMap, .deleteEntityMap, .createEntityMapQueryEntity,
      .retrieveContextSourceIdentity),
  ]

  /// What groups have in common; no name of its own in the standard.
  private static let typeOps = RegisteredOperations(
    .retrieveEntityTypes, .retrieveEntityTypeDetails, .retrieveEntityTypeInfo, .retrieveAttrTypes,
    .retrieveAttrTypeDetails, .retrieveAttrTypeInfo)

  // MARK: Names

  /// What the name of an operation or group stands for; nil for another word.
  package init?(name: String) {
    guard let operations = Self.byName[name] else { return nil }
    self = operations
  }

  private static let byName: [String: RegisteredOperations] = {
    var names: [String: RegisteredOperations] = [
      "federationOps": federationOps, "associationOps": associationOps, "updateOps": updateOps,
      "retrieveOps": retrieveOps, "redirectionOps": redirectionOps,
    ]
    for operation in RegisteredOperation.allCases {
      names["\(operation)"] = RegisteredOperations(operation)
    }
    return names
  }()
}
