package import Postgres

/// Lets go of history that is older than operators want to keep it.
///
/// Choice: all rows whose time (`observedAt`, or `modifiedAt` where there is none) is too old go,
/// the last one of an Attribute too: its value is the Entity's state, which stays. One row that
/// stayed would keep its whole partition.
///
/// One process at a time sweeps. No write waits for it: rows that others have locked are left for
/// the next sweep, and a transaction deletes a few thousand rows at most.
package struct RetentionSweep {
  /// What has gone.
  package struct Outcome: Sendable, Hashable {
    package internal(set) var rows = 0
    package internal(set) var partitions: [DroppedPartition] = []
    /// Partitions that were to be dropped, and that others are using for too long.
    package internal(set) var inUse: [String] = []
  }

  package struct DroppedPartition: Sendable, Hashable {
    package let name: String
    /// With its indexes.
    package let bytes: Int
  }

  /// One piece of work that was done.
  package enum Step: Sendable, Hashable {
    case dropped(DroppedPartition)
    case deleted(rows: Int)
  }

  /// One connection, since the turn is the session's.
  let pool: Pool
  /// Asked before each piece of work.
  let continues: () -> Bool
  let didStep: (Step) -> Void

  static let entitiesAtOnce = 500
  static let rowsAtOnce = 2000

  /// Settings of the session: whatever statistics say, history is found by its index; and nobody
  /// waits long behind a lock that is not granted.
  package static let sessionSettings = [
    "enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off",
    "lock_timeout": "100ms",
  ]

  package init(
    pool: Pool, continues: @escaping () -> Bool = { true },
    didStep: @escaping (Step) -> Void = { _ in }
  ) {
    precondition(pool.configuration.connectionsMax == 1, "The turn is one session's")
    self.pool = pool
    self.continues = continues
    self.didStep = didStep
  }

  /// Returns nil if another process is at it.
  package func run() async throws(PostgresError) -> Outcome? {
    guard try await pool.query("SELECT pg_try_advisory_lock(\(Self.turn))")[0][0].bool else {
      return nil
    }
    var outcome = Outcome()
    if try await pool.query("SELECT FROM retention LIMIT 1").isEmpty {
      // What was detached under a policy that is gone is to be kept now.
      try await drop(partitions().filter { !$0.isAttached }, &outcome)
    } else {
      try await enforce(&outcome)
    }
    try await pool.query("SELECT pg_advisory_unlock(\(Self.turn))")
    return outcome
  }

  private func enforce(_ outcome: inout Outcome) async throws(PostgresError) {
    try await drop(partitions(), &outcome)
    let rows = try await deleteRows()
    outcome.rows = rows.values.reduce(0, +)
    // Those that had nothing else in them go too.
    try await drop(partitions().filter { rows[$0.name] != nil }, &outcome)
  }

  private static let turn: Int64 = 0x7265_7465_6e74_696f

  private func partitions() async throws(PostgresError) -> [HistoryPartition] {
    try await pool.query(HistoryPartition.all).map(HistoryPartition.init)
  }

  // MARK: Rows

  /// Returns how many, by partition.
  private func deleteRows() async throws(PostgresError) -> [String: Int] {
    let partitions = try await partitions().filter(\.isAttached)
    var rows: [String: Int] = [:]
    for group in try await groups() {
      var last: Int64? = 0
      while let key = last, continues() {
        let page = try await entities(of: group, after: key)
        last = page.last?.key
        for (rule, entities) in Dictionary(grouping: page, by: \.rule) {
          guard let rule else { continue }
          let chunk = Chunk(tenant: group.tenant, keys: entities.map(\.key), rule: rule)
          for partition in partitions where partition.lower < rule.cutoff {
            let deleted = try await delete(chunk, from: partition)
            if deleted > 0 { rows[partition.name, default: 0] += deleted }
          }
        }
      }
    }
    return rows
  }

  private func delete(
    _ chunk: Chunk, from partition: HistoryPartition
  ) async throws(PostgresError) -> Int {
    var rows = 0
    while continues() {
      let deleted = try await pool.query(Self.deletion(of: chunk, from: partition.name))[0][0].int
      rows += deleted
      if deleted > 0 { didStep(.deleted(rows: deleted)) }
      if deleted < Self.rowsAtOnce { break }
    }
    return rows
  }

  /// What goes of some Entities of one tenant.
  package struct Chunk: Sendable {
    let tenant: TenantNumber
    let keys: [Int64]
    let rule: Rule

    package init(tenant: TenantNumber, keys: [Int64], rule: Rule) {
      self.tenant = tenant
      self.keys = keys
      self.rule = rule
    }
  }

  package struct Rule: Sendable, Hashable {
    let cutoff: Timestamp
    let rollsUp: Bool

    package init(cutoff: Timestamp, rollsUp: Bool) {
      self.cutoff = cutoff
      self.rollsUp = rollsUp
    }
  }

  /// Deletes some of the chunk's rows and rolls up their numbers; it yields how many.
  package static func deletion(of chunk: Chunk, from partition: String) -> SQL {
    let gone: SQL = """
      WITH gone AS (
        DELETE FROM \(identifier: partition)
        WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM \(identifier: partition)
          WHERE tenant = \(chunk.tenant) AND entity = ANY (\(chunk.keys))
            AND time < \(chunk.rule.cutoff)
          LIMIT \(rowsAtOnce)
          FOR UPDATE SKIP LOCKED))
        RETURNING *
      )
      """
    let hours: SQL = chunk.rule.rollsUp ? ", hours AS (\(rollUp))" : ""
    return "\(gone)\(hours) SELECT count(*) FROM gone"
  }

  /// Numbers only: of other values, `number` stands for a time or a size.
  ///
  /// No sum of doubles, since one that overflows is an error, and would end every sweep.
  private static let rollUp: SQL = """
    INSERT INTO attribute_hour AS old
      (tenant, entity, attribute, dataset, hour, minimum, maximum, average, count)
    SELECT tenant, entity, attribute, dataset, date_trunc('hour', time, 'UTC'), min(number),
      max(number), avg(number::numeric)::float8, count(*)
    FROM gone
    WHERE number IS NOT NULL AND kind = \(InstanceKind.number.rawValue)
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (tenant, entity, attribute, dataset, hour) DO UPDATE
    SET minimum = least(old.minimum, excluded.minimum),
      maximum = greatest(old.maximum, excluded.maximum),
      average = old.average * (old.count::float8 / (old.count + excluded.count))
        + excluded.average * (excluded.count::float8 / (old.count + excluded.count)),
      count = old.count + excluded.count
    """

  // MARK: Entities

  /// Entities of one typeset, or the deleted ones of a tenant.
  struct Group {
    let tenant: TenantNumber
    let typeset: TypesetNumber?
  }

  private func groups() async throws(PostgresError) -> [Group] {
    try await pool.query(
      """
      SELECT DISTINCT t.tenant, t.id
      FROM retention AS r JOIN typeset AS t ON t.tenant = r.tenant AND r.type = ANY (t.types)
      UNION ALL
      SELECT DISTINCT tenant, NULL::int FROM retention
      """
    ).map { row in
      Group(
        tenant: TenantNumber(row[0].int), typeset: row[1].present.map { TypesetNumber($0.int) })
    }
  }

  struct RuledEntity {
    let key: Int64
    /// Nil where everything is kept.
    let rule: Rule?
  }

  /// The next Entities by key. What holds for them is read with them: an operator may just have
  /// changed it.
  private func entities(
    of group: Group, after key: Int64
  ) async throws(PostgresError) -> [RuledEntity] {
    try await pool.query(Self.page(of: group, after: key)).map { row in
      RuledEntity(
        key: row[0].int64,
        rule: row[1].present.map { Rule(cutoff: $0.timestamp, rollsUp: row[2].bool) })
    }
  }

  private static func page(of group: Group, after key: Int64) -> SQL {
    guard let typeset = group.typeset else {
      return """
        SELECT page.key, kept.cutoff, kept.rolls_up
        FROM (
          SELECT key, document FROM entity
          WHERE tenant = \(group.tenant) AND typeset IS NULL AND key > \(key)
          ORDER BY key
          LIMIT \(entitiesAtOnce)
        ) AS page
        CROSS JOIN LATERAL
          retention_of(\(group.tenant), deleted_entity_types(page.document)) AS kept
        ORDER BY page.key
        """
    }
    return """
      SELECT page.key, kept.cutoff, kept.rolls_up
      FROM typeset AS t
      CROSS JOIN LATERAL retention_of(t.tenant, t.types) AS kept
      CROSS JOIN LATERAL (
        SELECT key FROM entity
        WHERE tenant = \(group.tenant) AND typeset = \(typeset) AND key > \(key)
        ORDER BY key
        LIMIT \(entitiesAtOnce)
      ) AS page
      WHERE t.tenant = \(group.tenant) AND t.id = \(typeset)
      ORDER BY page.key
      """
  }
}
