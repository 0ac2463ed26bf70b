package import Log
package import NGSILD
package import Postgres
package import Storage

/// One transaction of the write path: lock and read, apply, write and commit.
package struct WriteTransaction {
  package struct Operation {
    package let reference: EntityReference
    package let operation: EntityOperation
    package private(set) var at: DateTime
    /// Of the request that asks for it; nil where the broker acts by itself.
    let request: RequestHeaders?

    /// The same, not before what another writer did while this one was on its way, or by a clock
    /// that is ahead: the history of an Entity has the order of its changes.
    fileprivate func after(_ entity: Entity?) -> Operation {
      var operation = self
      if let entity { operation.at = max(at, entity.modifiedAt) }
      return operation
    }
  }

  package typealias Outcome = Result<OperationResult, NGSILDError>

  let store: EntityStore
  let notifier: any ChangeNotifier
  let log: Log

  package init(store: EntityStore, notifier: any ChangeNotifier, log: Log) {
    self.store = store
    self.notifier = notifier
    self.log = log
  }

  /// Runs operations on different Entities together; nil if the database refused the whole, so
  /// that each has to be run alone.
  package func run(_ operations: [Operation]) async -> [Outcome]? {
    do throws(PostgresError) {
      return try await attempt(operations)
    } catch {
      let mayPassAlone = operations.count > 1 || error.isLostRace
      guard mayPassAlone, !error.isConnectionLoss, error.kind != .poolExhausted else {
        let failure = log.failure(error, at: "write")
        return operations.map { _ in .failure(failure) }
      }
      log.warning("batch failed, running one by one", ["error": "\(error)"])
      return nil
    }
  }

  /// Runs one operation, again when another writer was faster.
  package func runAlone(_ operation: Operation) async -> Outcome {
    for _ in 1..<Self.attemptsMax {
      do throws(PostgresError) {
        return try await attempt([operation])[0]
      } catch  where error.isLostRace {
        continue
      } catch {
        return .failure(log.failure(error, at: "write of \(operation.reference.id)"))
      }
    }
    return .failure(NGSILDError(.overloaded, "Other writers were faster; try again"))
  }

  private static let attemptsMax = 5

  private func attempt(_ operations: [Operation]) async throws(PostgresError) -> [Outcome] {
    try await store.withWriter { connection throws(PostgresError) in
      let locked = try await EntityStore.lock(operations.map(\.reference), on: connection)
      let operations = operations.map { $0.after(locked.entities[$0.reference]?.entity) }
      var outcomes = operations.map { operation in
        apply(operation, to: locked.entities[operation.reference]?.entity)
      }
      var rows = try await rows(of: changes(operations, outcomes), locked: locked)
      for (place, row) in rows where row.document.count > Self.documentBytesMax {
        outcomes[place] = .failure(Self.tooLarge(row))
      }
      rows.removeAll { $0.row.document.count > Self.documentBytesMax }
      guard !rows.isEmpty else {
        try await connection.rollback()
        return outcomes
      }
      let writes = rows.map(\.row)
      let due = try await notifier.due(
        for: writes, by: rows.map { operations[$0.place].request },
        knowing: locked.subscriptionVersion, on: connection)
      do throws(PostgresError) {
        notifier.committed(
          try await EntityStore.commit(writes, due, by: notifier.process, on: connection), of: due)
      } catch {
        if error.isConnectionLoss { notifier.unsure(due) }
        throw error
      }
      return outcomes
    }
  }

  private func apply(_ operation: Operation, to entity: Entity?) -> Outcome {
    do throws(NGSILDError) {
      return .success(
        try operation.operation.apply(to: entity, id: operation.reference.id, at: operation.at))
    } catch {
      return .failure(error)
    }
  }

  /// An operation that changes something, with its place among all.
  private typealias Change = (place: Int, operation: Operation, change: EntityChange)

  private func changes(_ operations: [Operation], _ outcomes: [Outcome]) -> [Change] {
    operations.indices.compactMap { place in
      (try? outcomes[place].get()).map { (place, operations[place], $0.change) }
    }
  }

  /// Choice: the stored form of an Entity is bounded, since it is read as a whole.
  private static let documentBytesMax = 32 << 20

  private static func tooLarge(_ row: EntityWrite) -> NGSILDError {
    NGSILDError(
      .payloadTooLarge,
      "The Entity '\(row.id)' would take \(row.document.count) bytes; at most "
        + "\(documentBytesMax) are expected")
  }

  private func rows(
    of changes: [Change], locked: LockedEntities
  ) async throws(PostgresError) -> [(place: Int, row: EntityWrite)] {
    guard !changes.isEmpty else { return [] }
    var key = try await store.prepare(
      changes.map { _, operation, change in
        (operation.reference.tenant, change, locked.entities[operation.reference])
      },
      newKeys: changes.count { locked.entities[$0.operation.reference] == nil },
      indexVersion: locked.indexVersion)
    return changes.map { place, operation, change in
      let locked = locked.entities[operation.reference]
      defer { key += locked == nil ? 1 : 0 }
      let row = store.write(
        change, of: operation.reference, locked: locked, newKey: key, at: operation.at)
      return (place, row)
    }
  }
}

extension PostgresError {
  /// Another writer was faster: what it wrote will be seen by the next attempt.
  fileprivate var isLostRace: Bool { isUniqueViolation || isSerializationFailure }
}

/// Decides which notifications a change owes, and hears when they are committed.
package protocol ChangeNotifier: AnyObject, Sendable {
  /// The process that owes them.
  var process: ProcessNumber { get }
  /// - Parameters:
  ///   - requests: what asked for each of the writes.
  ///   - version: up to which subscriptions are in force for them.
  ///   - connection: of the transaction that makes the changes, which it has not written.
  func due(
    for writes: [EntityWrite], by requests: [RequestHeaders?],
    knowing version: SubscriptionVersion, on connection: Connection
  ) async throws(PostgresError) -> [DueNotification]
  /// - Parameter due: all that `due(for:on:)` has told, also what throttling holds back.
  func committed(_ notifications: [OwedNotification], of due: [DueNotification])
  /// The connection was lost on the way: whether they are committed is unknown.
  func unsure(_ notifications: [DueNotification])
}
