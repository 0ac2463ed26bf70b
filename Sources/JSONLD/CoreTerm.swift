/// A term of the Core `@context`: a word whose meaning no user context changes.
///
/// Upper case: types; lower case: members. The two `…Sealed` members, which the file defines only
/// within `ngsildproof`, count as terms everywhere, since NGSI-LD forbids them elsewhere.
///
/// Standard: GS CIM 009, annex B.
// The standard's words, unchanged.
// swift-format-ignore: AlwaysUseLowerCamelCase
package enum CoreTerm: String, CaseIterable, Hashable, Sendable {
  case Attribute, AttributeList, ContextSourceIdentity, ContextSourceNotification,
    ContextSourceRegistration, Date, DateTime, EntityMap, EntityType, EntityTypeInfo,
    EntityTypeList, ExecutionResultDetails, Feature, FeatureCollection, GeometryCollection,
    GeoProperty, JsonProperty, LanguageProperty, LineString, ListProperty, ListRelationship,
    MultiLineString, MultiPoint, MultiPolygon, Notification, Point, Polygon, Property,
    Relationship, Snapshot, SnapshotNotification, Subscription, TemporalProperty, Time,
    VocabProperty

  case accept, aggrMethods, aggrParams, aggrPeriodDuration, attributeCount, attributeDetails,
    attributeList, attributeName, attributeNames, attributes, attributeTypes, attrs, avg, bbox,
    cacheDuration, collation, containedBy, contextSourceAlias, contextSourceExtras,
    contextSourceInfo, contextSourceTimeAt, contextSourceUptime, cooldown, coordinates,
    createdAt, csf, data, dataset, datasetId, deletedAt, description, detail, distinctCount,
    endAt, endpoint, endTimeAt, entities, entity, entityCount, entityId, entityIdSealed,
    entityList, entityMap, entityMapLifetime, entityTypeSealed, error, errors, expandValues,
    expiresAt, features, format, geojson, geometry, geoproperty, geoQ, georel, id, idPattern,
    information, instanceId, isActive, join, joinLevel, json, jsonKeys, jsonldContext, jsons,
    key, lang, langString, languageMap, languageMaps, lastFailure, lastN, lastNotification,
    lastSuccess, lastUsedAt, linkedMaps, localOnly, location, management, managementInterval,
    max, min, mode, modifiedAt, ngsildConformance, ngsildproof, notification,
    notificationTrigger, notifiedAt, notifierInfo, notUpdated, object, objectList, objectLists,
    objects, objectType, observationInterval, observationSpace, observedAt, omit, operations,
    operationSpace, orderBy, ordering, pick, previousJson, previousLanguageMap, previousObject,
    previousObjectList, previousValue, previousValueList, previousVocab, problemDetails,
    properties, propertyNames, q, reason, receiverInfo, refreshRate, registrationId,
    registrationName, relationshipNames, resultStatus, scope, scopeQ, showChanges, snapshotId,
    snapshotLifetime, snapshotPriority, snapshotQueries, snapshotQueriesDetails, snapshotStatus,
    snapshotTemporalQueries, snapshotTemporalQueriesDetails, splitEntities, startAt, status,
    stddev, subscriptionId, subscriptionName, success, sum, sumsq, sysAttrs, temporalQ, tenant,
    throttling, timeAt, timeInterval, timeout, timeproperty, timerel, timesFailed, timesSent,
    title, totalCount, triggerReason, type, typeList, typeName, typeNames, unchanged, unitCode,
    updated, uri, value, valueList, valueLists, values, valueType, vocab, vocabs,
    watchedAttributes

  case ngsiLD = "ngsi-ld"
}

extension CoreTerm {
  package var iri: IRI { IRI(definition.iri) }

  /// The values of this member are names: expanded on input, compacted on output.
  package var isVocabularyTyped: Bool { definition.coercion == "@vocab" }

  var definition: TermDefinition {
    guard let definition = CoreContext.shared.definitions[rawValue] else {
      preconditionFailure("The Core context lacks the term \(rawValue)")
    }
    return definition
  }
}
