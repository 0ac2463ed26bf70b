import NGSILD
package import Postgres

/// `broker_process.id`: a process of the broker, from its start to its end.
package typealias ProcessNumber = Int64

/// A notification that a change owes to a subscription, before it is written with the change.
package struct DueNotification: Sendable {
  package let tenant: TenantNumber
  package let subscription: SubscriptionNumber
  /// `entity.key`: order is kept per subscription and Entity.
  package let entity: Int64
  /// The request body, whole.
  package let body: [UInt8]
  /// Whether it waits until throttling allows to tell of it.
  package let isThrottled: Bool
  package let channels: Channels
  /// Header fields of the request that made the change, which go with it: a JSON object.
  package let headers: String?

  /// Where a notification goes.
  package struct Channels: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let endpoint = Channels(rawValue: 1)
    /// The events of the subscription, which any number of clients follow.
    package static let stream = Channels(rawValue: 2)
  }

  /// The `entity` of notifications that are not of one change of one Entity.
  package static let severalEntities: Int64 = 0

  /// The `entity` of what a Context Source tells of an Entity, which has no key here: a negative
  /// number, the same in all processes.
  package static func lane(ofRemote id: String) -> Int64 {
    // FNV-1a.
    let hash = id.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return -1 - Int64(hash >> 1)
  }

  package init(
    tenant: TenantNumber, subscription: SubscriptionNumber, entity: Int64, body: [UInt8],
    isThrottled: Bool = false, channels: Channels = .endpoint, headers: String? = nil
  ) {
    self.tenant = tenant
    self.subscription = subscription
    self.entity = entity
    self.body = body
    self.isThrottled = isThrottled
    self.channels = channels
    self.headers = headers
  }
}

/// A notification that is written in the outbox.
package struct OwedNotification: Sendable {
  package let tenant: TenantNumber
  /// Ascending for each subscription and Entity.
  package let id: Int64
  package let subscription: SubscriptionNumber
  package let entity: Int64
  /// The process that delivers it.
  package let process: ProcessNumber
  /// The one before it for the same subscription and Entity, if that was still owed when this one
  /// was written.
  package let predecessor: Int64?
  package let body: [UInt8]
  /// Header fields that go with it, beside those of the subscription: a JSON object.
  package let headers: String?
  /// Attempts that failed so far.
  package let attempts: Int
  package let since: ContinuousClock.Instant

  package init(
    tenant: TenantNumber, id: Int64, subscription: SubscriptionNumber, entity: Int64,
    process: ProcessNumber, predecessor: Int64? = nil, body: [UInt8], headers: String? = nil,
    attempts: Int = 0, since: ContinuousClock.Instant = .now
  ) {
    self.tenant = tenant
    self.id = id
    self.subscription = subscription
    self.entity = entity
    self.process = process
    self.predecessor = predecessor
    self.body = body
    self.headers = headers
    self.attempts = attempts
    self.since = since
  }
}

/// The key of an owed notification.
package struct NotificationReference: Sendable, Hashable {
  package let tenant: TenantNumber
  package let subscription: SubscriptionNumber
  package let entity: Int64
  package let id: Int64

  package init(_ notification: OwedNotification) {
    tenant = notification.tenant
    subscription = notification.subscription
    entity = notification.entity
    id = notification.id
  }
}

/// The outbox in the database.
package struct OutboxStore {
  /// NOTIFY here tells a process of rows that another one has written for it.
  package static let channel = "kontext_notification"

  let pool: Pool

  package init(pool: Pool) { self.pool = pool }

  // MARK: Writing

  /// Writes notifications to wherever they go, within the transaction of what they tell of; the
  /// result of the last statement is for `owed`.
  static func write(_ due: [DueNotification], by process: ProcessNumber) -> [SQL] {
    let streamed = due.filter { $0.channels.contains(.stream) }
    let sent = due.filter { $0.channels.contains(.endpoint) }
    return (streamed.isEmpty ? [] : [EventStore.insert(streamed)])
      + (sent.isEmpty ? [] : [insert(sent, by: process)])
  }

  /// Commits a transaction that ends with `statements`, and with it the notifications that it owes.
  /// Returns them as the outbox has them, without those that throttling holds back.
  ///
  /// - Parameter process: the one that delivers what nobody else has begun to.
  static func commit(
    after statements: [SQL] = [], _ due: [DueNotification], by process: ProcessNumber,
    on connection: Connection
  ) async throws(PostgresError) -> [OwedNotification] {
    let throttled = due.filter(\.isThrottled)
    let prompt = due.filter { !$0.isThrottled }
    let held = throttled.isEmpty ? [] : [ThrottleStore.hold(throttled)]
    let superseded = prompt.isEmpty ? [] : [ThrottleStore.supersede(by: prompt)]
    let results = try await connection.flight(
      statements + held + superseded + write(prompt, by: process) + ["COMMIT"])
    return results.count > 1 ? owed(prompt, results[results.count - 2]) : []
  }

  /// Writes notifications, each lane's in its order; to be run after the lock of their Entities'
  /// rows, so that it sees what is owed before them. A row for each, in their order: id, process,
  /// predecessor.
  ///
  /// A lane in which something is owed stays with the process that owes it, and that one is told.
  private static func insert(_ due: [DueNotification], by process: ProcessNumber) -> SQL {
    """
    INSERT INTO notification
      (tenant, subscription, entity, id, process, created, body, headers, predecessor)
    SELECT new.tenant, new.subscription, new.entity, nextval('notification_id'),
      coalesce(last.process, \(process)), now(), new.body, new.headers, last.id
    FROM unnest(
      \(due.map(\.tenant)), \(due.map(\.subscription)),
      \(due.map(\.entity)), \(due.map(\.body)), \(due.map(\.headers))
    ) AS new (tenant, subscription, entity, body, headers)
    LEFT JOIN LATERAL (
      SELECT n.id, n.process FROM notification AS n
      WHERE n.tenant = new.tenant AND n.subscription = new.subscription
        AND n.entity = new.entity
      ORDER BY n.id DESC
      LIMIT 1
    ) AS last ON true
    RETURNING id, process, predecessor,
      CASE WHEN process <> \(process) THEN
        pg_notify(\(channel), process || ' ' || subscription)
      END
    """
  }

  /// What `write` has put into the outbox.
  static func owed(_ due: [DueNotification], _ rows: Rows) -> [OwedNotification] {
    let sent = due.filter { $0.channels.contains(.endpoint) }
    guard !sent.isEmpty else { return [] }
    return zip(sent, rows).map { due, row in
      OwedNotification(
        tenant: due.tenant, id: row[0].int64, subscription: due.subscription, entity: due.entity,
        process: row[1].int64, predecessor: row[2].present?.int64, body: due.body,
        headers: due.headers)
    }
  }

  /// The process and the subscription that a NOTIFY on `channel` names.
  package static func told(
    _ payload: String
  ) -> (process: ProcessNumber, subscription: SubscriptionNumber)? {
    let parts = payload.split(separator: " ").map { Int64($0) }
    guard parts.count == 2, let process = parts[0], let subscription = parts[1] else { return nil }
    return (process, subscription)
  }

  // MARK: Reading back

  /// The oldest notifications that `process` owes to a subscription, but for those that the caller
  /// has.
  package func owed(
    by process: ProcessNumber, to subscription: SubscriptionNumber, excluding known: [Int64],
    limit: Int
  ) async throws(PostgresError) -> [OwedNotification] {
    let asked = ContinuousClock.now
    return try await pool.query(
      """
      SELECT \(Self.columns)
      FROM notification
      WHERE process = \(process) AND subscription = \(subscription) AND id <> ALL (\(known))
      ORDER BY id
      LIMIT \(limit)
      """
    ).map { OwedNotification($0, asked: asked) }
  }

  /// One notification; nil if it is owed no more.
  package func owed(
    _ id: Int64, of subscription: SubscriptionNumber
  ) async throws(PostgresError) -> OwedNotification? {
    let asked = ContinuousClock.now
    return try await pool.query(
      """
      SELECT \(Self.columns)
      FROM notification
      WHERE process IN (SELECT id FROM broker_process) AND subscription = \(subscription)
        AND id = \(id)
      """
    ).first.map { OwedNotification($0, asked: asked) }
  }

  private static let columns: SQL =
    """
    tenant, id, subscription, entity, process, attempts, body, headers,
      (extract(epoch FROM now() - created) * 1000000)::bigint
    """

  /// The subscriptions to which `process` owes something, by one index look-up each.
  package func subscriptions(
    owedBy process: ProcessNumber
  ) async throws(PostgresError) -> [SubscriptionNumber] {
    let rows = try await pool.query(
      """
      WITH RECURSIVE step AS (
        SELECT min(subscription) AS subscription FROM notification WHERE process = \(process)
        UNION ALL
        SELECT (
          SELECT min(n.subscription) FROM notification AS n
          WHERE n.process = \(process) AND n.subscription > step.subscription
        )
        FROM step WHERE step.subscription IS NOT NULL
      )
      SELECT subscription FROM step WHERE subscription IS NOT NULL
      """)
    return rows.map { $0[0].int64 }
  }

  /// Notifications that wait, and how long the oldest has.
  package func depth() async throws(PostgresError) -> (count: Int, age: Duration, dead: Int) {
    let row = try await pool.query(
      """
      SELECT count(*), coalesce((extract(epoch FROM now() - min(created)) * 1000)::bigint, 0),
        (SELECT count(*) FROM dead_notification)
      FROM notification
      """)[0]
    return (row[0].int, .milliseconds(row[1].int), row[2].int)
  }
}

extension OwedNotification {
  /// A row of the outbox.
  ///
  /// - Parameter asked: when it was asked for. Its age is told later, and its own time comes out no
  ///   later than it was: a `cooldown` must not take it for one that came after a failure.
  fileprivate init(_ row: Row, asked: ContinuousClock.Instant) {
    self.init(
      tenant: TenantNumber(row[0].int), id: row[1].int64, subscription: row[2].int64,
      entity: row[3].int64, process: row[4].int64, body: row[6].bytes,
      headers: row[7].present?.string, attempts: row[5].int,
      since: asked - .microseconds(row[8].int))
  }
}
