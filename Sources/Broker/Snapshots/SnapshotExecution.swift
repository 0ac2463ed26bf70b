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

  /// All that is needed to fill a Snapshot but what is copied of the database.
  struct Preparation {
    fileprivate var snapshot: Snapshot
    fileprivate let questions: [Question]
    fileprivate let additions: Result<SnapshotAdditions?, NGSILDError>
  }

  /// Asks Context Sources for what a Snapshot selects; nil for one that is not understood.
  ///
  /// Choice: this is before the instant that the Snapshot is of here.
  func prepare(
    _ row: StoredSnapshot, asking broker: Broker
  ) async throws(PostgresError) -> Preparation? {
    guard let snapshot = understood(row) else { return nil }
    let questions = row.source == nil ? await questions(of: snapshot, row, broker) : []
    let additions = try await outcome { () throws(PostgresError) in
      try await self.additions(questions, row, broker)
    }
    return Preparation(snapshot: snapshot, questions: questions, additions: additions)
  }

  /// What became of a Snapshot; nil if another process is at it, or it has to wait.
  func execute(
    _ row: StoredSnapshot, _ preparation: Preparation, on connection: Connection
  ) async throws(PostgresError) -> Snapshot? {
    var snapshot = preparation.snapshot
    let filling = SnapshotFilling(row, queries: queries, history: history, on: connection)
    guard try await filling.begin() else { return nil }
    if let source = row.source {
      guard let status = try await copy(source, into: filling) else { return nil }
      snapshot.status = status
    } else {
      snapshot.results = try await results(of: preparation, filling)
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

  /// A query, or why it cannot be asked, and whether it is about history.
  fileprivate typealias Question = (isTemporal: Bool, query: Result<SourcedQuery, NGSILDError>)

  private func questions(
    of snapshot: Snapshot, _ row: StoredSnapshot, _ broker: Broker
  ) async -> [Question] {
    let context = await context(of: row)
    let queries =
      snapshot.queries.map { ($0, false) } + snapshot.temporalQueries.map { ($0, true) }
    var questions: [Question] = []
    for (body, isTemporal) in queries {
      do throws(NGSILDError) {
        let context = try context.get()
        // Sources cannot read a context that has no URL; IRIs need none.
        let origin = broker.origin(
          in: row.tenantName, context: context.linkURL == nil ? .core : context)
        let query: SourcedQuery =
          isTemporal
          ? try await .history(
            TemporalRequest(body, expander: context), in: row.tenant, from: origin, by: broker)
          : try await .entities(
            QueryRequest(body, expander: context), in: row.tenant, from: origin, by: broker)
        questions.append((isTemporal, .success(query)))
      } catch {
        questions.append((isTemporal, .failure(error)))
      }
    }
    return questions
  }

  /// What Context Sources have of all that is asked for, nil for nothing.
  private func additions(
    _ questions: [Question], _ row: StoredSnapshot, _ broker: Broker
  ) async throws(PostgresError) -> SnapshotAdditions? {
    var gathering = SnapshotGathering(at: .now)
    for question in questions {
      if case .success(let query) = question.query { gathering.add(query) }
    }
    guard !gathering.isEmpty else { return nil }
    return try await broker.entities.prepare(
      gathering.entities, gathering.histories, for: row, at: .now)
  }

  private func results(
    of preparation: Preparation, _ filling: SnapshotFilling
  ) async throws(PostgresError) -> ExecutionResults {
    let questions = preparation.questions
    var copies: [Result<Int, NGSILDError>] = []
    for question in questions { copies.append(try await copy(question.query, filling)) }
    let addition = try await add(preparation.additions, filling)
    var results = ExecutionResults()
    for (question, copy) in zip(questions, copies) {
      let result = question.query.result(copied: copy, addition)
      if question.isTemporal {
        results.temporalQueries.append(result)
      } else {
        results.queries.append(result)
      }
    }
    return results
  }

  /// How many Entities of those that are held here were copied.
  private func copy(
    _ query: Result<SourcedQuery, NGSILDError>, _ filling: SnapshotFilling
  ) async throws(PostgresError) -> Result<Int, NGSILDError> {
    guard case .success(let query) = query else { return .success(0) }
    return try await outcome { () throws(PostgresError) in
      try await filling.attempt { () throws(PostgresError) in
        switch query {
        case .entities(let query, let findings):
          return try await filling.copy(query, except: findings.unfitting, at: .now)
        case .history(let query, let findings):
          let sources = HistoryAtSources(
            included: findings.found.map(\.id), excluded: findings.unfitting,
            claims: findings.claims)
          return try await filling.copy(query, beside: sources, at: .now)
        }
      }
    }
  }

  private func add(
    _ additions: Result<SnapshotAdditions?, NGSILDError>, _ filling: SnapshotFilling
  ) async throws(PostgresError) -> Result<Void, NGSILDError> {
    switch additions {
    case .failure(let error): return .failure(error)
    case .success(nil): return .success(())
    case .success(let additions?):
      return try await outcome { () throws(PostgresError) in
        try await filling.attempt { () throws(PostgresError) in
          try await filling.add(additions, at: .now)
        }
      }
    }
  }

  /// What the database refuses is a query's failure; that it cannot be reached is nobody's.
  private func outcome<Value>(
    _ work: () async throws(PostgresError) -> Value
  ) async throws(PostgresError) -> Result<Value, NGSILDError> {
    do throws(PostgresError) {
      return .success(try await work())
    } catch {
      guard !error.isConnectionLoss, error.kind != .poolExhausted else { throw error }
      return .failure(log.failure(error, at: "query of a snapshot"))
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

extension Result<SourcedQuery, NGSILDError> {
  /// - Parameters:
  ///   - copied: how many Entities were found here.
  ///   - added: whether what sources have could be kept.
  fileprivate func result(
    copied: Result<Int, NGSILDError>, _ added: Result<Void, NGSILDError>
  ) -> ExecutionResult {
    do throws(NGSILDError) {
      let query = try get()
      let own = try copied.get()
      if query.foreignCount > 0 { try added.get() }
      return ExecutionResult(
        count: own + query.foreignCount,
        missing: ExecutionProblem(atSources: query.warnings.map(\.text)))
    } catch {
      return ExecutionResult(failure: error)
    }
  }
}
