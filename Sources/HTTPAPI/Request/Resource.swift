/// A resource of the API, with the identifiers from its path.
///
/// Standard: resource table (GS CIM 009, 6.2, 6.3.1).
struct Resource: Sendable {
  /// Methods in the order in which `Allow` names them.
  let operations: [(method: String, operation: Operation)]
  /// The variable parts of the path, percent-decoded, in order; may be empty strings.
  let identifiers: [String]
  /// Names the resource in logs and metrics: its path with `{}` for variable parts.
  let template: String

  /// The resource at a raw path; nil for an unknown path or one with broken percent-encoding.
  init?(path: String) {
    var path = path[...]
    if path.hasSuffix("/") && path.count > 1 && !path.hasSuffix("//") { path = path.dropLast() }
    var segments: [String] = []
    for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      guard let decoded = percentDecoded(segment, plusIsSpace: false) else { return nil }
      segments.append(decoded)
    }
    for pattern in Self.patterns {
      if let identifiers = pattern.identifiers(in: segments) {
        self.init(
          operations: pattern.operations, identifiers: identifiers, template: pattern.template)
        return
      }
    }
    return nil
  }

  private init(
    operations: [(method: String, operation: Operation)], identifiers: [String], template: String
  ) {
    self.operations = operations
    self.identifiers = identifiers
    self.template = template
  }

  var allow: String { operations.map(\.method).joined(separator: ", ") }

  /// The operation of a method; HEAD is answered as GET.
  func operation(of method: String) -> Operation? {
    let method = method == "HEAD" ? "GET" : method
    return operations.first { $0.method == method }?.operation
  }
}

private struct PathPattern {
  let segments: [String]
  let operations: [(method: String, operation: Operation)]

  var template: String { "/" + segments.joined(separator: "/") }

  init(_ path: String, _ operations: KeyValuePairs<String, Operation>) {
    segments = path.split(separator: "/").map(String.init)
    self.operations = operations.map { ($0.key, $0.value) }
  }

  func identifiers(in path: [String]) -> [String]? {
    guard path.count == segments.count else { return nil }
    var identifiers: [String] = []
    for (pattern, segment) in zip(segments, path) {
      if pattern == "{}" {
        identifiers.append(segment)
      } else if pattern != segment {
        return nil
      }
    }
    return identifiers
  }
}

extension Resource {
  private static let api = "ngsi-ld/v1"

  private static let patterns: [PathPattern] = [
    PathPattern(
      "\(api)/entities/{}",
      [
        "GET": .retrieveEntity, "DELETE": .deleteEntity, "PUT": .replaceEntity,
        "PATCH": .mergeEntity,
      ]),
    PathPattern(
      "\(api)/entities",
      [
        "POST": .createEntity, "GET": .queryEntities, "DELETE": .purgeEntities,
        // Without an id these are bad requests, not wrong methods (TS 054_02, 056_02).
        "PUT": .replaceEntity, "PATCH": .mergeEntity,
      ]),
    PathPattern(
      "\(api)/entities/{}/attrs", ["POST": .appendAttributes, "PATCH": .updateAttributes]),
    PathPattern(
      "\(api)/entities/{}/attrs/{}",
      ["PATCH": .updateAttribute, "DELETE": .deleteAttribute, "PUT": .replaceAttribute]),
    PathPattern("\(api)/entityOperations/create", ["POST": .createBatch]),
    PathPattern("\(api)/entityOperations/upsert", ["POST": .upsertBatch]),
    PathPattern("\(api)/entityOperations/update", ["POST": .updateBatch]),
    PathPattern("\(api)/entityOperations/delete", ["POST": .deleteBatch]),
    PathPattern("\(api)/entityOperations/merge", ["POST": .mergeBatch]),
    PathPattern("\(api)/entityOperations/query", ["POST": .queryEntitiesByPost]),
    PathPattern("\(api)/types", ["GET": .retrieveTypes]),
    PathPattern("\(api)/types/{}", ["GET": .retrieveType]),
    PathPattern("\(api)/attributes", ["GET": .retrieveAttributes]),
    PathPattern("\(api)/attributes/{}", ["GET": .retrieveAttribute]),
    PathPattern(
      "\(api)/subscriptions", ["POST": .createSubscription, "GET": .querySubscriptions]),
    PathPattern(
      "\(api)/subscriptions/{}",
      [
        "GET": .retrieveSubscription, "PATCH": .updateSubscription,
        "DELETE": .deleteSubscription,
      ]),
    PathPattern(
      "\(api)/csourceRegistrations", ["POST": .createRegistration, "GET": .queryRegistrations]),
    PathPattern(
      "\(api)/csourceRegistrations/{}",
      [
        "GET": .retrieveRegistration, "PATCH": .updateRegistration,
        "DELETE": .deleteRegistration,
      ]),
    PathPattern(
      "\(api)/csourceSubscriptions",
      ["POST": .createRegistrationSubscription, "GET": .queryRegistrationSubscriptions]),
    PathPattern(
      "\(api)/csourceSubscriptions/{}",
      [
        "GET": .retrieveRegistrationSubscription, "PATCH": .updateRegistrationSubscription,
        "DELETE": .deleteRegistrationSubscription,
      ]),
    PathPattern(
      "\(api)/temporal/entities",
      ["POST": .upsertTemporalEntity, "GET": .queryTemporalEntities]),
    PathPattern(
      "\(api)/temporal/entities/{}",
      ["GET": .retrieveTemporalEntity, "DELETE": .deleteTemporalEntity]),
    PathPattern("\(api)/temporal/entities/{}/attrs", ["POST": .appendTemporalAttributes]),
    PathPattern("\(api)/temporal/entities/{}/attrs/{}", ["DELETE": .deleteTemporalAttribute]),
    PathPattern(
      "\(api)/temporal/entities/{}/attrs/{}/{}",
      ["PATCH": .updateTemporalInstance, "DELETE": .deleteTemporalInstance]),
    PathPattern(
      "\(api)/temporal/entityOperations/query", ["POST": .queryTemporalEntitiesByPost]),
    PathPattern("\(api)/jsonldContexts", ["POST": .addContext, "GET": .listContexts]),
    PathPattern("\(api)/jsonldContexts/{}", ["GET": .serveContext, "DELETE": .deleteContext]),
    PathPattern("\(api)/entityMaps", ["GET": .createEntityMap, "POST": .createEntityMap]),
    PathPattern(
      "\(api)/entityMaps/{}",
      ["GET": .retrieveEntityMap, "PATCH": .updateEntityMap, "DELETE": .deleteEntityMap]),
    PathPattern(
      "\(api)/temporal/entityMaps",
      ["GET": .createTemporalEntityMap, "POST": .createTemporalEntityMap]),
    PathPattern("\(api)/info/sourceIdentity", ["GET": .retrieveSourceIdentity]),
    PathPattern("\(api)/snapshots", ["POST": .createSnapshot, "DELETE": .purgeSnapshots]),
    PathPattern(
      "\(api)/snapshots/{}",
      ["GET": .retrieveSnapshot, "PATCH": .updateSnapshot, "DELETE": .deleteSnapshot]),
    PathPattern("\(api)/snapshots/{}/clone", ["POST": .cloneSnapshot]),
    PathPattern("health", ["GET": .health]),
    PathPattern("metrics", ["GET": .metrics]),
    PathPattern("version", ["GET": .version]),
  ]
}
