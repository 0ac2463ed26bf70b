package import NGSILD
package import Postgres

/// What became of notifications, collected until it is written as a whole.
package struct Settlement: Sendable {
  /// Delivered, or not to be delivered any more.
  package var done: [NotificationReference] = []
  /// Failed, to be tried again.
  package var retries: [NotificationReference: Retry] = [:]
  /// Failed for too long: they become dead letters.
  package var dead: [Retry] = []
  package var counts: [SubscriptionNumber: DeliveryCounts] = [:]

  package struct Retry: Sendable {
    package let reference: NotificationReference
    package let attempts: Int
    package let wait: Duration
    /// For the operator; it holds no secret.
    package let error: String

    package init(
      _ reference: NotificationReference, attempts: Int, wait: Duration, error: String
    ) {
      self.reference = reference
      self.attempts = attempts
      self.wait = wait
      self.error = error
    }
  }

  package init() {}

  package var isEmpty: Bool { done.isEmpty && retries.isEmpty && dead.isEmpty && counts.isEmpty }
}

/// What is added to the counters of one subscription.
package struct DeliveryCounts: Sendable {
  package let tenant: TenantNumber
  package var sent = 0
  package var failed = 0
  package var lastAttempt: DateTime?
  package var lastSuccess: DateTime?
  package var lastFailure: DateTime?

  package init(tenant: TenantNumber) { self.tenant = tenant }
}

extension OutboxStore {
  /// Writes a settlement as one transaction.
  ///
  /// It is not awaited on the disk: if PostgreSQL crashes within the next second, what was
  /// delivered is delivered again.
  package func settle(_ settlement: Settlement) async throws(PostgresError) {
    var statements: [SQL] = ["SELECT set_config('synchronous_commit', 'off', true)"]
    if !settlement.done.isEmpty { statements.append(Self.remove(settlement.done)) }
    if !settlement.retries.isEmpty {
      statements.append(Self.mark(Array(settlement.retries.values)))
    }
    if !settlement.dead.isEmpty {
      statements += [Self.mark(settlement.dead), Self.bury(settlement.dead)]
    }
    if !settlement.counts.isEmpty { statements.append(Self.count(settlement.counts)) }
    try await pool.flight(statements)
  }

  /// Each row is looked for by itself: a plan for a join, made while the outbox was empty, would read
  /// all of it, dead rows included.
  static func remove(_ done: [NotificationReference]) -> SQL {
    """
    DELETE FROM notification
    WHERE ctid = ANY (ARRAY(
      SELECT found.ctid
      FROM \(keys(done)) AS done
      CROSS JOIN LATERAL (
        SELECT n.ctid FROM notification AS n
        WHERE \(isNamed(by: "done"))
        LIMIT 1
      ) AS found
    ))
    """
  }

  private static func keys(_ references: [NotificationReference]) -> SQL {
    """
    (
      SELECT * FROM unnest(
        \(references.map(\.tenant)), \(references.map(\.subscription)),
        \(references.map(\.entity)), \(references.map(\.id))
      ) AS key (tenant, subscription, entity, id)
    )
    """
  }

  /// Whether a row of `notification` has the key that a row of `source` holds.
  private static func isNamed(by source: String) -> SQL {
    """
    n.tenant = \(identifier: source).tenant
      AND n.subscription = \(identifier: source).subscription
      AND n.entity = \(identifier: source).entity AND n.id = \(identifier: source).id
    """
  }

  private static func mark(_ retries: [Settlement.Retry]) -> SQL {
    """
    UPDATE notification AS n
    SET attempts = new.attempts, last_error = new.error,
      next_attempt = now() + new.wait * interval '1 millisecond'
    FROM unnest(
      \(retries.map(\.reference.tenant)), \(retries.map(\.reference.subscription)),
      \(retries.map(\.reference.entity)), \(retries.map(\.reference.id)),
      \(retries.map(\.attempts)), \(retries.map(\.wait.milliseconds)),
      \(retries.map(\.error))
    ) AS new (tenant, subscription, entity, id, attempts, wait, error)
    WHERE \(isNamed(by: "new"))
    """
  }

  private static func bury(_ dead: [Settlement.Retry]) -> SQL {
    """
    WITH gone AS (
      DELETE FROM notification AS n
      USING \(keys(dead.map(\.reference))) AS dead
      WHERE \(isNamed(by: "dead"))
      RETURNING n.*
    )
    \(insertDead)
    """
  }

  private static let insertDead: SQL =
    """
    INSERT INTO dead_notification
      (tenant, id, subscription, entity, created, attempts, last_error, body, headers)
    SELECT tenant, id, subscription, entity, created, attempts, last_error, body, headers FROM gone
    """

  /// Makes dead letters of what `process` has owed to a subscription for longer than `ageMax`, in
  /// portions; for one whose endpoint does not answer. Returns how many.
  package func bury(
    owedBy process: ProcessNumber, to subscription: SubscriptionNumber, olderThan ageMax: Duration
  ) async throws(PostgresError) -> Int {
    try await pool.query(
      """
      WITH gone AS (
        DELETE FROM notification AS n
        USING (
          SELECT tenant, subscription, entity, id FROM notification
          WHERE process = \(process) AND subscription = \(subscription)
            AND created < now() - \(ageMax.milliseconds) * interval '1 millisecond'
          ORDER BY id
          LIMIT \(portion)
        ) AS old
        WHERE \(Self.isNamed(by: "old"))
        RETURNING n.*
      )
      \(Self.insertDead)
      """
    ).affected
  }

  /// Removes what `process` owes to a subscription that is no more, in portions. Returns how many.
  package func forget(
    owedBy process: ProcessNumber, to subscription: SubscriptionNumber
  ) async throws(PostgresError) -> Int {
    try await pool.query(
      """
      DELETE FROM notification AS n
      USING (
        SELECT tenant, subscription, entity, id FROM notification AS n
        WHERE process = \(process) AND subscription = \(subscription)
          AND NOT EXISTS (
            SELECT FROM subscription AS s WHERE s.tenant = n.tenant AND s.key = n.subscription
          )
        LIMIT \(portion)
      ) AS old
      WHERE \(Self.isNamed(by: "old"))
      """
    ).affected
  }

  private var portion: Int { 10_000 }

  private static func count(_ counts: [SubscriptionNumber: DeliveryCounts]) -> SQL {
    // In one order, so that two processes do not wait for each other.
    let counts = counts.sorted { $0.key < $1.key }
    return """
      UPDATE subscription_delivery AS d
      SET times_sent = d.times_sent + new.sent, times_failed = d.times_failed + new.failed,
        last_notification = greatest(d.last_notification, new.attempt),
        last_success = greatest(d.last_success, new.success),
        last_failure = greatest(d.last_failure, new.failure)
      FROM unnest(
        \(counts.map(\.value.tenant)), \(counts.map(\.key)),
        \(counts.map(\.value.sent)), \(counts.map(\.value.failed)),
        \(counts.map { $0.value.lastAttempt?.timestamp }),
        \(counts.map { $0.value.lastSuccess?.timestamp }),
        \(counts.map { $0.value.lastFailure?.timestamp })
      ) AS new (tenant, subscription, sent, failed, attempt, success, failure)
      WHERE d.tenant = new.tenant AND d.subscription = new.subscription
      """
  }
}

extension Duration {
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}
