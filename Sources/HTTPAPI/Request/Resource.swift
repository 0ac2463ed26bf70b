import Broker
import NGSILD

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
  ///
  /// On the hot path: segments are compared as bytes, and only identifiers become strings.
  init?(path: String) {
    if let resource = Resource(encodedPath: path) {
      self = resource
    } else {
      guard let encoded = Self.encodingURL(in: path) else { return nil }
      self.init(encodedPath: encoded)
    }
  }

  /// The path with the slashes of a URL that is an identifier percent-encoded, as some clients
  /// leave out to do; nil without one. The URL ends before `/attrs`, or with the path.
  private static func encodingURL(in path: String) -> String? {
    guard let mark = path.firstRange(of: "://") else { return nil }
    let start = path[..<mark.lowerBound].lastIndex(of: "/") ?? path.startIndex
    var rest = path[path.index(after: start)...]
    if rest.last == "/" { rest.removeLast() }
    let end = rest.firstRange(of: "/attrs")?.lowerBound ?? rest.endIndex
    let tail = String(rest[end...])
    return path[...start] + rest[..<end].replacing("/", with: "%2F")
      + (encodingURL(in: tail) ?? tail)
  }

  private init?(encodedPath path: String) {
    var path = path
    let found: (pattern: PathPattern, identifiers: [String])? = path.withUTF8 { bytes in
      let segments = Self.segments(of: bytes)
      guard segments.count < Self.patternsByCount.count else { return nil }
      for pattern in Self.patternsByCount[segments.count] where pattern.matches(segments) {
        return pattern.identifiers(in: segments).map { (pattern, $0) }
      }
      return nil
    }
    guard let found else { return nil }
    self.init(
      operations: found.pattern.operations, identifiers: found.identifiers,
      template: found.pattern.template)
  }

  /// What stands between slashes; one slash at the end counts for nothing.
  private static func segments(
    of path: UnsafeBufferPointer<UInt8>
  ) -> [UnsafeBufferPointer<UInt8>] {
    let slash = UInt8(ascii: "/")
    guard path.first == slash else { return [] }
    var end = path.count
    if end > 2, path[end - 1] == slash, path[end - 2] != slash { end -= 1 }
    var segments: [UnsafeBufferPointer<UInt8>] = []
    segments.reserveCapacity(8)
    var start = 1
    for position in 1..<max(end, 1) where path[position] == slash {
      segments.append(UnsafeBufferPointer(rebasing: path[start..<position]))
      start = position + 1
    }
    segments.append(UnsafeBufferPointer(rebasing: path[start..<max(end, start)]))
    return segments
  }

  private init(
    operations: [(method: String, operation: Operation)], identifiers: [String], template: String
  ) {
    self.operations = operations
    self.identifiers = identifiers
    self.template = template
  }

  var allow: String { operations.map(\.method).joined(separator: ", ") }

  /// Whether a request of this method has a body.
  func takesBody(_ method: String) -> Bool { operation(of: method)?.takesBody ?? true }

  /// The operation of a method; HEAD is answered as GET.
  func operation(of method: String) -> Operation? {
    let method = method == "HEAD" ? "GET" : method
    return operations.first { $0.method == method }?.operation
  }
}

private struct PathPattern {
  /// nil for a variable part.
  private let segments: [[UInt8]?]
  let operations: [(method: String, operation: Operation)]
  let template: String

  init(_ path: String, _ operations: KeyValuePairs<String, Operation>) {
    segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
      $0 == "{}" ? nil : Array($0.utf8)
    }
    self.operations = operations.map { ($0.key, $0.value) }
    template = "/" + path
  }

  var count: Int { segments.count }

  func matches(_ path: [UnsafeBufferPointer<UInt8>]) -> Bool {
    // From the end: all paths begin alike.
    for index in segments.indices.reversed() {
      guard let fixed = segments[index] else { continue }
      guard fixed.count == path[index].count, fixed.elementsEqual(path[index]) else { return false }
    }
    return true
  }

  /// nil for broken percent-encoding.
  func identifiers(in path: [UnsafeBufferPointer<UInt8>]) -> [String]? {
    var identifiers: [String] = []
    for (segment, text) in zip(segments, path) where segment == nil {
      guard let decoded = percentDecoded(text, plusIsSpace: false) else { return nil }
      identifiers.append(decoded)
    }
    return identifiers
  }
}

extension Resource {
  private static let api = "ngsi-ld/v1"

  private static let patternsByCount: [[PathPattern]] = {
    var table = [[PathPattern]](repeating: [], count: 9)
    for pattern in patterns { table[pattern.count].append(pattern) }
    return table
  }()

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
    // Without an Attribute, this is a bad request, and a wrong method otherwise (TS 016_02,
    // 017_02).
    PathPattern("\(api)/temporal/entities/{}/attrs//{}", ["DELETE": .deleteTemporalInstance]),
    PathPattern(
      "\(api)/temporal/entities/{}/attrs/{}/{}",
      ["PATCH": .updateTemporalInstance, "DELETE": .deleteTemporalInstance]),
    PathPattern(
      "\(api)/temporal/entityOperations/query", ["POST": .queryTemporalEntitiesByPost]),
    PathPattern(
      "\(api)/jsonldContexts",
      // Without an id a DELETE is a bad request, not a wrong method.
      ["POST": .addContext, "GET": .listContexts, "DELETE": .deleteContext]),
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
    PathPattern(
      String(SourceNotificationURL.path.dropFirst()), ["POST": .takeSourceNotification]),
    PathPattern("kontext/v1/subscriptions/{}/deliveries", ["GET": .listDeliveries]),
    PathPattern("kontext/v1/subscriptions/{}/deliveries/{}/retry", ["POST": .retryDelivery]),
    PathPattern("kontext/v1/subscriptions/{}/explain", ["GET": .explainSubscription]),
    PathPattern("kontext/v1/subscriptions/{}/events", ["GET": .followEvents]),
    PathPattern("kontext", ["GET": .showLivePage]),
    PathPattern("health", ["GET": .health]),
    PathPattern("metrics", ["GET": .metrics]),
    PathPattern("version", ["GET": .version]),
  ]
}
