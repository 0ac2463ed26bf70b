import JSON
import JSONLD
import Log
import NGSILD
import NGSILDQuery
import Postgres
import Snapshots
import Storage

/// Executes the queries of Snapshots, and keeps what they find (GS CIM 009, 5.16.1.4, 5.16.2.4).
struct SnapshotExecution {
  let queries: QueryStore
  let history: HistoryStore
  let contexts: ContextResolver
  let log: Log

  /// What became of a Snapshot; nil if another process is at it, or it has to wait.
  func execute(
    _ row: StoredSnapshot, on connection: Connection
  ) async throws(PostgresError) -> Snapshot? {
    guard var snapshot = understood(row) else { return nil }
    let filling = SnapshotFilling(row, queries: queries, history: history, on: connection)
    guard try await filling.begin() else { return nil }
    if let source = row.source {
      guard let status = try await copy(source, into: filling) else { return nil }
      snapshot.status = status
    } else {
      snapshot.results = try await results(of: snapshot, row, filling)
      try await filling.complete()
      snapshot.status = snapshot.results.status
    }
    snapshot.modifiedAt = .now
    try await filling.commit(
      status: snapshot.status.rawValue, results: snapshot.results.stored, at: snapshot.modifiedAt)
    return snapshot
  }

  private func understood(_ row: StoredSnapshot) -> Snapshot? {
    do throws(NGSILDError) {
      return try Snapshot(row)
    } catch {
      log.error("snapshot not understood", ["snapshot": row.id, "reason": error.detail])
      return nil
    }
  }

  /// nil, and no transaction, while the original has not all of its data yet.
  private func copy(
    _ source: TenantNumber, into filling: SnapshotFilling
  ) async throws(PostgresError) -> Snapshot.Status? {
    switch try await filling.state(of: source) {
    case .preparing:
      try await filling.rollback()
      return nil
    case .gone: return .failure
    case .complete:
      try await filling.copyAll(of: source)
      return .success
    }
  }

  // MARK: Queries

  private func results(
    of snapshot: Snapshot, _ row: StoredSnapshot, _ filling: SnapshotFilling
  ) async throws(PostgresError) -> ExecutionResults {
    let context = await context(of: row)
    let now = DateTime.now
    var results = ExecutionResults()
    for body in snapshot.queries {
      let query = Result { () throws(NGSILDError) in
        EntityQuery(try QueryRequest(body, expander: context.get()))
      }
      results.queries.append(
        try await result(of: query, filling) { query throws(PostgresError) in
          try await filling.copy(query, at: now)
        })
    }
    for body in snapshot.temporalQueries {
      let query = Result { () throws(NGSILDError) in
        HistoryQuery(try TemporalRequest(body, expander: context.get()))
      }
      results.temporalQueries.append(
        try await result(of: query, filling) { query throws(PostgresError) in
          try await filling.copy(query, at: now)
        })
    }
    return results
  }

  /// What the database refuses is the query's failure; that it cannot be reached is nobody's.
  ///
  /// - Parameter copy: copies what the query finds; returns how many Entities it is.
  private func result<Query>(
    of query: Result<Query, NGSILDError>, _ filling: SnapshotFilling,
    _ copy: (Query) async throws(PostgresError) -> Int
  ) async throws(PostgresError) -> ExecutionResult {
    switch query {
    case .failure(let error): return .failure(error)
    case .success(let query):
      do throws(PostgresError) {
        return ExecutionResult(
          count: try await filling.attempt { () throws(PostgresError) in try await copy(query) })
      } catch {
        guard !error.isConnectionLoss, error.kind != .poolExhausted else { throw error }
        return .failure(log.failure(error, at: "query of a snapshot"))
      }
    }
  }

  /// The context that the queries were given with.
  private func context(of row: StoredSnapshot) async -> Result<Context, NGSILDError> {
    do throws(JSONLDError) {
      return .success(try await contexts.context(for: row.context, in: row.tenantName))
    } catch {
      return .failure(
        NGSILDError(
          error.isUnavailability ? .ldContextNotAvailable : .badRequestData,
          "The @context of the queries is not usable: \(error.detail)"))
    }
  }
}
