/// An operation of the API: what a method means on a resource.
///
/// Standard: resource table (GS CIM 009, 6.2); cases are named as the operations there.
enum Operation: String, Sendable, CaseIterable {
  case createEntity, queryEntities, purgeEntities
  case retrieveEntity, deleteEntity, replaceEntity, mergeEntity
  case appendAttributes, updateAttributes
  case updateAttribute, deleteAttribute, replaceAttribute
  case createBatch, upsertBatch, updateBatch, deleteBatch, mergeBatch, queryEntitiesByPost
  case retrieveTypes, retrieveType, retrieveAttributes, retrieveAttribute
  case createSubscription, querySubscriptions
  case retrieveSubscription, updateSubscription, deleteSubscription
  case createRegistration, queryRegistrations
  case retrieveRegistration, updateRegistration, deleteRegistration
  case createRegistrationSubscription, queryRegistrationSubscriptions
  case retrieveRegistrationSubscription, updateRegistrationSubscription
  case deleteRegistrationSubscription
  case upsertTemporalEntity, queryTemporalEntities, queryTemporalEntitiesByPost
  case retrieveTemporalEntity, deleteTemporalEntity
  case appendTemporalAttributes, deleteTemporalAttribute
  case updateTemporalInstance, deleteTemporalInstance
  case addContext, listContexts, serveContext, deleteContext
  case createEntityMap, createTemporalEntityMap, retrieveEntityMap, updateEntityMap, deleteEntityMap
  case retrieveSourceIdentity
  case createSnapshot, purgeSnapshots, retrieveSnapshot, updateSnapshot, deleteSnapshot
  case cloneSnapshot
  case health, metrics, version

  /// Parameters that may follow the `?`; any other is refused (6.3.20).
  var parameters: Set<String> {
    switch self {
    case .createEntity, .createBatch: ["local"]
    case .upsertBatch, .updateBatch: ["options", "local"]
    case .retrieveEntity:
      ["type", "attrs", "format", "options", "datasetId", "local", "lang", "pick", "omit"]
    case .queryEntities:
      [
        "id", "idPattern", "type", "attrs", "q", "georel", "geometry", "coordinates",
        "geoproperty", "scopeQ", "limit", "offset", "count", "format", "options", "datasetId",
        "local", "lang", "pick", "omit", "csf", "expandValues", "jsonKeys", "splitEntities",
      ]
    case .deleteEntity, .replaceEntity, .updateAttributes, .updateAttribute, .replaceAttribute:
      ["type", "local"]
    case .appendAttributes: ["type", "options", "local"]
    case .deleteAttribute: ["type", "datasetId", "deleteAll", "local"]
    case .querySubscriptions: ["limit", "offset", "count", "options"]
    case .retrieveSubscription: ["options"]
    case .retrieveTemporalEntity:
      [
        "attrs", "timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "format", "options",
        "datasetId", "local", "lang", "pick", "omit",
      ]
    default: []
    }
  }

  /// Media types of its response body, the preferred one first (6.3.15).
  var representations: [MediaType] { [.json, .jsonLD] }

  /// Whether its success has a body, so that `Accept` matters.
  ///
  /// Choice: what answers without a body ignores `Accept`.
  var answersWithBody: Bool {
    switch self {
    case .queryEntities, .queryEntitiesByPost, .retrieveEntity, .retrieveTypes, .retrieveType,
      .retrieveAttributes, .retrieveAttribute, .querySubscriptions, .retrieveSubscription,
      .queryTemporalEntities, .queryTemporalEntitiesByPost, .retrieveTemporalEntity:
      true
    default: false
    }
  }
}
