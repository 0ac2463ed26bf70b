import NGSILD

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
  case takeSourceNotification
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
  case listDeliveries, retryDelivery, explainSubscription, followEvents
  case showLivePage
  case health, metrics, version

  /// Parameters that may follow the `?`, any other being refused (6.3.20).
  var parameters: Set<String> { Self.parametersByOperation[self] ?? [] }

  private static let parametersByOperation: [Operation: Set<String>] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, $0.definedParameters) })

  private var definedParameters: Set<String> {
    switch self {
    case .createEntity, .createBatch, .deleteBatch, .mergeBatch: ["local"]
    case .mergeEntity: ["type", "format", "options", "lang", "observedAt", "local"]
    case .retrieveTypes, .retrieveAttributes: ["details", "local", "count"]
    case .retrieveType, .retrieveAttribute: ["local"]
    case .createSubscription: ["local"]
    case .updateSubscription, .deleteSubscription, .takeSourceNotification, .addContext,
      .createRegistration, .updateRegistration, .deleteRegistration,
      .createRegistrationSubscription, .updateRegistrationSubscription,
      .deleteRegistrationSubscription:
      []
    case .listContexts: ["details", "kind"]
    case .serveContext: ["details"]
    case .deleteContext: ["reload"]
    case .createSnapshot, .retrieveSnapshot, .updateSnapshot, .deleteSnapshot, .cloneSnapshot: []
    case .purgeSnapshots: ["q"]
    case .retrieveEntityMap, .updateEntityMap, .deleteEntityMap: []
    case .retrieveSubscription, .retrieveRegistration, .retrieveRegistrationSubscription:
      ["options"]
    case .querySubscriptions, .queryRegistrationSubscriptions: Self.page.union(["options"])
    case .queryRegistrations:
      Self.selection.union(Self.page).union([
        "attrs", "timerel", "timeAt", "endTimeAt", "timeproperty", "lang", "datasetId", "options",
      ])
    case .upsertBatch, .updateBatch: ["options", "local"]
    case .retrieveEntity: Self.consumption
    case .queryEntities, .createEntityMap:
      Self.consumption.union(Self.selection).union(Self.pageOfEntities).union([
        "splitEntities", "orderBy", "collation", "orderFrom", "orderGeometry",
      ])
    case .queryEntitiesByPost:
      Self.pageOfEntities.union(["format", "options", "local", "geometryProperty"])
    case .purgeEntities:
      [
        "type", "id", "idPattern", "attrs", "q", "georel", "geometry", "coordinates",
        "geoproperty", "scopeQ", "csf", "expandValues", "jsonKeys", "keep", "drop", "local",
      ]
    case .deleteEntity, .replaceEntity, .updateAttributes, .updateAttribute, .replaceAttribute:
      ["type", "local"]
    case .appendAttributes: ["type", "options", "local"]
    case .deleteAttribute: ["type", "datasetId", "deleteAll", "local"]
    case .upsertTemporalEntity, .appendTemporalAttributes, .deleteTemporalEntity,
      .updateTemporalInstance, .deleteTemporalInstance:
      ["local"]
    case .deleteTemporalAttribute: ["datasetId", "deleteAll", "local"]
    case .retrieveTemporalEntity: Self.temporalConsumption
    case .queryTemporalEntities, .createTemporalEntityMap:
      Self.temporalConsumption.union(Self.selection).union(Self.page).union([
        "splitEntities", "orderBy", "collation",
      ])
    case .queryTemporalEntitiesByPost: Self.page.union(["format", "options", "local"])
    case .listDeliveries: Self.page
    case .explainSubscription: ["entity"]
    // The page's own script reads it.
    case .showLivePage: ["tenant"]
    case .health, .metrics, .version, .retrieveSourceIdentity, .retryDelivery, .followEvents: []
    }
  }

  /// Parameters of Retrieve and Query alike.
  private static let consumption: Set = [
    "type", "attrs", "pick", "omit", "format", "options", "datasetId", "lang", "local", "join",
    "joinLevel", "containedBy", "geometryProperty", "entityMap", "entityMapLifetime",
  ]

  /// Parameters of the temporal Retrieve and Query alike.
  private static let temporalConsumption: Set = [
    "attrs", "timerel", "timeAt", "endTimeAt", "timeproperty", "lastN", "aggrMethods",
    "aggrPeriodDuration", "format", "options", "datasetId", "local", "lang", "pick", "omit",
    "entityMap", "entityMapLifetime",
  ]

  /// What selects Entities.
  private static let selection: Set = [
    "type", "id", "idPattern", "q", "georel", "geometry", "coordinates", "geoproperty", "scopeQ",
    "csf", "expandValues", "jsonKeys",
  ]

  private static let page: Set = ["limit", "offset", "count"]

  /// With what links to the next and previous page have (`PageLinks`).
  private static let pageOfEntities = page.union(["after", "before"])

  /// Media types of its response body, the preferred one first (6.3.15).
  var representations: [MediaType] {
    switch self {
    case .retrieveEntity, .queryEntities, .queryEntitiesByPost: [.json, .jsonLD, .geoJSON]
    case .retrieveTemporalEntity, .queryTemporalEntities, .queryTemporalEntitiesByPost:
      [.json, .jsonLD, .csv]
    default: [.json, .jsonLD]
    }
  }

  /// Whether its request has a body, where the method allows one.
  var takesBody: Bool { self != .retryDelivery }

  /// Whether its success has a body, so that `Accept` matters.
  ///
  /// Choice: what answers without a body ignores `Accept`.
  var answersWithBody: Bool {
    switch self {
    case .queryEntities, .queryEntitiesByPost, .retrieveEntity, .retrieveTypes, .retrieveType,
      .retrieveAttributes, .retrieveAttribute, .querySubscriptions, .retrieveSubscription,
      .queryTemporalEntities, .queryTemporalEntitiesByPost, .retrieveTemporalEntity,
      .listContexts, .serveContext, .retrieveSourceIdentity, .retrieveSnapshot, .updateSnapshot,
      .createEntityMap, .createTemporalEntityMap, .retrieveEntityMap, .retrieveRegistration,
      .queryRegistrations, .retrieveRegistrationSubscription, .queryRegistrationSubscriptions:
      true
    default: false
    }
  }

  /// Whether it works on the copies of a Snapshot that a request selects (6.3.22).
  ///
  /// Choice: a Snapshot has no subscribers, Context Sources or Snapshots of its own.
  var worksOnSnapshots: Bool {
    switch self {
    case .createSubscription, .querySubscriptions, .retrieveSubscription, .updateSubscription,
      .deleteSubscription, .createRegistration, .queryRegistrations, .retrieveRegistration,
      .updateRegistration, .deleteRegistration, .createRegistrationSubscription,
      .queryRegistrationSubscriptions, .retrieveRegistrationSubscription,
      .updateRegistrationSubscription, .deleteRegistrationSubscription, .createSnapshot,
      .purgeSnapshots, .retrieveSnapshot, .updateSnapshot, .deleteSnapshot, .cloneSnapshot,
      .listDeliveries, .retryDelivery, .explainSubscription, .followEvents:
      false
    default: true
    }
  }
}
