package import JSON
package import JSONLD
package import NGSILD
package import NGSILDQuery
import Subscriptions

/// Reads what clients say of Snapshots.
///
/// Members that only the broker sets are passed over, and so are unknown ones.
///
/// Standard: GS CIM 009, 5.2.41.
package struct SnapshotParser {
  private let context: Context
  private let limits: LifetimeLimits

  /// - Parameter context: expands the names in queries.
  package init(context: Context, limits: LifetimeLimits) {
    self.context = context
    self.limits = limits
  }

  /// A new Snapshot (5.16.1).
  ///
  /// - Parameter generatedID: for a body without `id`.
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package func snapshot(
    _ body: JSONValue, generatedID: @autoclosure () -> String, at now: DateTime
  ) throws(NGSILDError) -> Snapshot {
    var snapshot = try described(body, generatedID: generatedID(), at: now)
    let reader = try MemberReader(body, "")
    snapshot.queries = try queries(reader, Self.queries)
    snapshot.temporalQueries = try queries(reader, Self.temporalQueries)
    for query in snapshot.queries { _ = try request(query) }
    for query in snapshot.temporalQueries { _ = try temporalRequest(query) }
    guard !snapshot.queries.isEmpty || !snapshot.temporalQueries.isEmpty else {
      throw .badRequestData(
        "Neither 'snapshotQueries' nor 'snapshotTemporalQueries' is present; at least one is "
          + "expected")
    }
    return snapshot
  }

  /// A Snapshot that has the data of `original`, and shows its queries and what came of them
  /// (5.16.2).
  package func clone(
    of original: Snapshot, _ body: JSONValue, generatedID: @autoclosure () -> String,
    at now: DateTime
  ) throws(NGSILDError) -> Snapshot {
    try refuseQueries(body)
    var clone = try described(body, generatedID: generatedID(), at: now)
    clone.queries = original.queries
    clone.temporalQueries = original.temporalQueries
    clone.results = original.results
    return clone
  }

  /// `snapshot` with the members of `fragment` in place of its own (5.16.4, 5.5.8).
  package func update(
    _ snapshot: Snapshot, with fragment: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> Snapshot {
    let given = try MemberReader(fragment, "")
    guard fragment["id"] == nil, fragment["@id"] == nil else {
      throw .badRequestData("'id' is given; the id of a Snapshot cannot be changed")
    }
    if fragment["type"] != nil || fragment["@type"] != nil { try requireType(given) }
    try refuseQueries(fragment)
    let named = fragment.members.compactMap(\.name.string).filter(Self.changeable.contains)
    guard !named.isEmpty else { return snapshot }
    let old = try snapshot.description
    let merged = try mergedDocument { writer in
      writer.writeMerged(old, fragment)
    }
    var updated = snapshot
    try describe(&updated, MemberReader(merged, ""))
    updated.modifiedAt = now
    if named.contains("snapshotLifetime") {
      updated.expiresAt = limits.expiry(of: updated.lifetime?.duration, from: now)
    }
    return updated
  }

  /// For what was checked when it was stored.
  static var stored: SnapshotParser {
    SnapshotParser(context: .core, limits: LifetimeLimits(standard: .zero, longest: .zero))
  }

  // MARK: Members

  static let queries: StaticString = "snapshotQueries"
  static let temporalQueries: StaticString = "snapshotTemporalQueries"
  private static let changeable: Set = [
    "snapshotPriority", "snapshotLifetime", "endpoint", "receiverInfo",
  ]

  private func described(
    _ body: JSONValue, generatedID: String, at now: DateTime
  ) throws(NGSILDError) -> Snapshot {
    let reader = try MemberReader(body, "")
    try requireType(reader)
    let id = try reader.string("id", or: "@id")
    if let id { try requireURI(id, as: "The Snapshot id") }
    var snapshot = Snapshot(id: id ?? generatedID, createdAt: now)
    try describe(&snapshot, reader)
    snapshot.expiresAt = limits.expiry(of: snapshot.lifetime?.duration, from: now)
    return snapshot
  }

  private func requireType(_ reader: MemberReader) throws(NGSILDError) {
    let type = try reader.string("type", or: "@type")
    guard type == "Snapshot" else {
      throw .badRequestData(
        "'type' is \(type.map { "'\($0.prefix(100))'" } ?? "missing"); 'Snapshot' is expected")
    }
  }

  /// Reads all that a client can say at any time.
  func describe(_ snapshot: inout Snapshot, _ reader: MemberReader) throws(NGSILDError) {
    snapshot.lifetime = try reader.string("snapshotLifetime").map { text throws(NGSILDError) in
      Snapshot.Lifetime(
        text: text, duration: try CalendarDuration(parsing: text, of: "'snapshotLifetime'"))
    }
    snapshot.priority = try reader.integer("snapshotPriority") ?? Snapshot.priorityDefault
    guard Snapshot.priorities.contains(snapshot.priority) else {
      throw .badRequestData(
        "'snapshotPriority' is \(snapshot.priority); a number from 1 to 10 is expected")
    }
    snapshot.endpoint = try reader.string("endpoint")
    if let endpoint = snapshot.endpoint { try requireHTTPURL(endpoint, as: "'endpoint'") }
    snapshot.receiverInfo = try reader.pairs("receiverInfo") ?? []
    for pair in snapshot.receiverInfo { try pair.requireHeader(of: "receiverInfo") }
  }

  // MARK: Queries

  private func queries(
    _ reader: MemberReader, _ name: StaticString
  ) throws(NGSILDError) -> [JSONValue] {
    guard let value = try reader.value(name) else { return [] }
    guard value.isArray, value.count > 0 else {
      throw reader.expected("an array of one or more Queries", name, value)
    }
    return Array(value.elements)
  }

  private func refuseQueries(_ body: JSONValue) throws(NGSILDError) {
    for name in [Self.queries, Self.temporalQueries] where body[name] != nil {
      throw .badRequestData("'\(name)' is given; the queries of a Snapshot cannot be changed")
    }
  }

  /// One of the queries, as far as it selects.
  package func request(_ query: JSONValue) throws(NGSILDError) -> QueryRequest {
    let request = try QueryRequest(query, expander: context)
    try request.requireRestriction(isLocal: request.isOfAnyType)
    return request
  }

  package func temporalRequest(_ query: JSONValue) throws(NGSILDError) -> TemporalRequest {
    let request = try TemporalRequest(query, expander: context)
    try request.requireQuery(isLocal: request.conditions.isOfAnyType)
    return request
  }
}
