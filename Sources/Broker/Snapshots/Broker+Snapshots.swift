package import JSON
package import JSONLD
package import NGSILD
package import Snapshots
package import Storage
import Subscriptions

/// Snapshots (GS CIM 009, 5.16).
extension Broker {
  /// 5.16.1: its queries are executed in the background.
  ///
  /// - Parameter context: of the request, which expands the names in the queries.
  /// - Throws: `badRequestData`, `alreadyExists`.
  package func createSnapshot(
    _ body: JSONValue, context: Context, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Snapshot {
    let snapshot = try snapshots.parser(context).snapshot(
      body, generatedID: Self.newSnapshotID, at: .now)
    try await insert(snapshot, copying: nil, context: context.source, in: tenant)
    return snapshot
  }

  /// 5.16.2: its data are copied in the background, once the original has them.
  ///
  /// - Throws: as `createSnapshot`, and `resourceNotFound`.
  package func cloneSnapshot(
    _ id: String, _ body: JSONValue, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Snapshot {
    let row = try await storedSnapshot(id, in: tenant)
    let original = try Snapshot(row)
    let clone = try snapshots.parser(.core).clone(
      of: original, body, generatedID: Self.newSnapshotID, at: .now)
    let context = row.context.map { Array($0.rawText.utf8) }
    try await insert(clone, copying: row, context: context, in: tenant)
    return clone
  }

  private static var newSnapshotID: String { "urn:ngsi-ld:Snapshot:\(UUIDText())" }

  private func insert(
    _ snapshot: Snapshot, copying source: StoredSnapshot?, context: [UInt8]?,
    in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try await snapshots.store.insert(
      NewSnapshot(
        tenant: tenant, id: snapshot.id, source: source?.data, created: snapshot.createdAt,
        expires: snapshot.expiresAt, status: snapshot.status.rawValue, document: snapshot.stored,
        results: snapshot.results.stored, context: context))
    snapshots.wake()
  }

  /// 5.16.3.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func retrieveSnapshot(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Snapshot {
    try Snapshot(try await storedSnapshot(id, in: tenant))
  }

  /// 5.16.4.
  ///
  /// - Throws: as `retrieveSnapshot`.
  package func updateSnapshot(
    _ id: String, with fragment: JSONValue, in tenant: TenantNumber
  ) async throws(NGSILDError) -> Snapshot {
    while true {
      let row = try await storedSnapshot(id, in: tenant)
      let new = try snapshots.parser(.core).update(Snapshot(row), with: fragment, at: .now)
      let isUpdated = try await snapshots.store.update(
        row, modified: new.modifiedAt, expires: new.expiresAt, document: new.stored)
      // If not, another change came between.
      guard isUpdated else { continue }
      snapshots.notify(of: new, tenantName: row.tenantName)
      return new
    }
  }

  /// 5.16.5: nobody can use it any more once this returns.
  ///
  /// - Throws: as `retrieveSnapshot`.
  package func deleteSnapshot(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let row = try await storedSnapshot(id, in: tenant)
    guard try await snapshots.delete(row) else { throw Self.noSnapshot(id) }
  }

  /// 5.16.7.
  ///
  /// - Throws: `resourceNotFound` if there is none that `query` selects.
  package func purgeSnapshots(
    _ query: SnapshotQuery, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    let now = DateTime.now
    var count = 0
    for row in try await snapshots.store.snapshots(of: tenant, at: now)
    where query.matches(try Snapshot(row), at: now) {
      count += try await snapshots.delete(row) ? 1 : 0
    }
    guard count > 0 else {
      throw NGSILDError(.resourceNotFound, "There is no Snapshot that the query selects")
    }
  }

  /// The tenant that stands for a Snapshot in operations on it, which uses it (5.5.15).
  ///
  /// - Throws: `resourceNotFound`.
  package func data(
    ofSnapshot id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> TenantNumber {
    guard let data = try await snapshots.store.use(id, tenant: tenant, at: .now) else {
      throw Self.noSnapshot(id)
    }
    return data
  }

  private func storedSnapshot(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> StoredSnapshot {
    try requireURI(id, as: "The Snapshot id")
    guard let row = try await snapshots.store.snapshot(id, tenant: tenant, at: .now) else {
      throw Self.noSnapshot(id)
    }
    return row
  }

  private static func noSnapshot(_ id: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "The Snapshot '\(id)' does not exist")
  }
}

extension Snapshot {
  /// - Throws: what a newer broker may have stored and this one does not know.
  init(_ row: StoredSnapshot) throws(NGSILDError) {
    try self.init(stored: row.document, id: row.id, createdAt: row.created)
    status = Status(rawValue: row.status) ?? .failure
    results = ExecutionResults(stored: row.results)
    modifiedAt = row.modified
    expiresAt = row.expires
    lastUsedAt = row.lastUsed
  }
}
