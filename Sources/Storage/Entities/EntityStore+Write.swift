import JSON
import NGSILD
package import Postgres

/// The write path: lock and read, then write and commit, each in one round trip.
///
/// Between the two, pure code decides; the rows stay locked, so nothing that it saw can change.
extension EntityStore {
  /// Begins a transaction that locks the rows of `references` in one order, and reads them.
  ///
  /// Entities that do not exist are missing in the result; two writers that create the same one
  /// meet at its unique key when they commit.
  package static func lock(
    _ references: [EntityReference], on connection: Connection
  ) async throws(PostgresError) -> LockedEntities {
    let rows = try await connection.flight([
      "BEGIN", lockStatement(references.map(\.tenant), references.map(\.id)),
    ])[1]
    var locked = LockedEntities(
      indexVersion: rows[0][0].int64, subscriptionVersion: rows[0][1].int64)
    for row in rows {
      // The versions come also when there is no Entity.
      guard let tenant = row[2].present.map({ TenantNumber($0.int) }) else { continue }
      let typeset = row[5].present.map { TypesetNumber($0.int) }
      let entity = typeset.map { _ in Entity(stored: JSONValue(storedDocument: row[6].bytes)) }
      locked.entities[EntityReference(tenant: tenant, id: row[3].string)] = LockedEntity(
        key: row[4].int64, typeset: typeset,
        pastTypeset: row[7].present.map { TypesetNumber($0.int) }, entity: entity)
    }
    return locked
  }

  private static let lockStatement = Statement(
    """
    SELECT clock.version, (SELECT version FROM subscription_clock), locked.*
    FROM indexed_attribute_clock AS clock
    LEFT JOIN (
      SELECT e.tenant, e.id, e.key, e.typeset, e.document, e.past_typeset
      FROM unnest($1::int[], $2::text[]) AS wanted (tenant, id)
      JOIN entity AS e USING (tenant, id)
      ORDER BY e.tenant, e.id
      FOR UPDATE OF e
    ) AS locked ON true
    WHERE clock.is_only
    """)

  /// Writes everything that the changes of a batch consist of, and commits. Returns the
  /// notifications as the outbox has them, without those that throttling holds back.
  ///
  /// - Parameter process: the one that delivers what nobody else has begun to.
  package static func commit(
    _ writes: [EntityWrite], _ due: [DueNotification], by process: ProcessNumber,
    on connection: Connection
  ) async throws(PostgresError) -> [OwedNotification] {
    try await OutboxStore.commit(after: statements(writes), due, by: process, on: connection)
  }

  /// What writes the Entities with their history.
  static func statements(_ writes: [EntityWrite]) -> [SQL] {
    var statements = currentState(writes)
    statements += HistoryStore.insert(writes)
    statements += deleteExpiredInstances(writes)
    statements += CensusStore.insert(writes)
    return statements + IndexChange.statements(writes)
  }

  /// What writes the Entities as they are now.
  static func currentState(_ writes: [EntityWrite]) -> [SQL] {
    var statements: [SQL] = []
    let created = writes.filter(\.isNew)
    let changed = writes.filter { !$0.isNew }
    let gone = writes.filter { $0.typeset == nil }
    let kept = writes.filter { $0.typeset != nil }
    if !created.isEmpty { statements.append(insertEntities(created)) }
    if !changed.isEmpty { statements.append(updateEntities(changed)) }
    let (known, unknown) = (kept.filter(\.hasValues), kept.filter { !$0.hasValues })
    if !known.isEmpty { statements.append(updateValues(known)) }
    if !unknown.isEmpty { statements.append(upsertValues(unknown)) }
    if !gone.isEmpty { statements += deleteValues(gone) }
    return statements + writeGeometries(kept)
  }

  // MARK: Current state

  private static func insertEntities(_ writes: [EntityWrite]) -> SQL {
    """
    INSERT INTO entity (tenant, key, id, typeset, past_typeset, created, modified, expires,
      first_expiry, document)
    SELECT unnest(\(writes.map(\.tenant))), unnest(\(writes.map(\.key))),
      unnest(\(writes.map(\.id))), unnest(\(writes.map(\.typeset))),
      unnest(\(writes.map(\.pastTypeset))), unnest(\(writes.map(\.created))),
      unnest(\(writes.map(\.modified))), unnest(\(writes.map(\.expires))),
      unnest(\(writes.map(\.firstExpiry))), unnest(\(writes.map(\.document)))
    """
  }

  private static func updateEntities(_ writes: [EntityWrite]) -> SQL {
    """
    UPDATE entity AS e
    SET typeset = new.typeset, past_typeset = new.past_typeset, created = new.created,
      modified = new.modified, expires = new.expires, first_expiry = new.first_expiry,
      document = new.document
    FROM (
      SELECT unnest(\(writes.map(\.tenant))) AS tenant, unnest(\(writes.map(\.key))) AS key,
        unnest(\(writes.map(\.typeset))) AS typeset,
        unnest(\(writes.map(\.pastTypeset))) AS past_typeset,
        unnest(\(writes.map(\.created))) AS created, unnest(\(writes.map(\.modified))) AS modified,
        unnest(\(writes.map(\.expires))) AS expires,
        unnest(\(writes.map(\.firstExpiry))) AS first_expiry,
        unnest(\(writes.map(\.document))) AS document
    ) AS new
    WHERE e.tenant = new.tenant AND e.key = new.key
    """
  }

  /// An update costs less than the upsert that new rows need: it looks for the row once.
  private static func updateValues(_ writes: [EntityWrite]) -> SQL {
    """
    UPDATE entity_value AS v
    SET typeset = new.typeset, expires = new.expires, attrs = coalesce(new.attrs, v.attrs),
      scopes = new.scopes, attributes = new.attributes
    FROM (\(values(writes))) AS new
    WHERE v.tenant = new.tenant AND v.key = new.key
    """
  }

  private static func upsertValues(_ writes: [EntityWrite]) -> SQL {
    """
    INSERT INTO entity_value (tenant, key, typeset, expires, attrs, scopes, attributes)
    \(values(writes))
    ON CONFLICT (tenant, key) DO UPDATE
    SET typeset = excluded.typeset, expires = excluded.expires, attrs = excluded.attrs,
      scopes = excluded.scopes, attributes = excluded.attributes
    """
  }

  /// Rows of `entity_value`, `attrs` being null where they are those that the row has.
  private static func values(_ writes: [EntityWrite]) -> SQL {
    let names = writes.map { write in
      write.keepsNames ? nil : arrayLiteral(write.values?.names ?? [])
    }
    let scopes = writes.map { $0.values?.scopes.map(arrayLiteral) }
    return """
      SELECT unnest(\(writes.map(\.tenant))) AS tenant, unnest(\(writes.map(\.key))) AS key,
        unnest(\(writes.map(\.typeset))) AS typeset, unnest(\(writes.map(\.expires))) AS expires,
        unnest(\(names))::int[] AS attrs, unnest(\(scopes))::text[] AS scopes,
        unnest(\(writes.map { JSONB($0.values?.attributes ?? []) })) AS attributes
      """
  }

  private static func deleteValues(_ writes: [EntityWrite]) -> [SQL] {
    ["entity_value", "entity_geo"].map { table in
      """
      DELETE FROM \(identifier: table) AS old
      USING unnest(\(writes.map(\.tenant)), \(writes.map(\.key))) AS gone (tenant, key)
      WHERE old.tenant = gone.tenant AND old.key = gone.key
      """
    }
  }

  private static func writeGeometries(_ writes: [EntityWrite]) -> [SQL] {
    let rows = writes.flatMap { write in write.geometries.map { (write: write, row: $0) } }
    let removed = writes.flatMap { write in write.removedGeometries.map { (write: write, key: $0) }
    }
    var statements: [SQL] = []
    if !removed.isEmpty {
      statements.append(
        """
        DELETE FROM entity_geo AS old
        USING unnest(
          \(removed.map(\.write.tenant)), \(removed.map(\.write.key)),
          \(removed.map(\.key.attribute)), \(removed.map(\.key.dataset))
        ) AS gone (tenant, key, attribute, dataset)
        WHERE old.tenant = gone.tenant AND old.key = gone.key
          AND old.attribute = gone.attribute AND old.dataset = gone.dataset
        """)
    }
    if !rows.isEmpty {
      statements.append(
        """
        INSERT INTO entity_geo (tenant, key, attribute, dataset, typeset, geo)
        SELECT tenant, key, attribute, dataset, typeset, ST_GeomFromGeoJSON(geo)::geography
        FROM unnest(
          \(rows.map(\.write.tenant)), \(rows.map(\.write.key)),
          \(rows.map(\.row.key.attribute)), \(rows.map(\.row.key.dataset)),
          \(rows.map(\.write.typeset)), \(rows.map(\.row.geometry))
        ) AS new (tenant, key, attribute, dataset, typeset, geo)
        ON CONFLICT (tenant, key, attribute, dataset) DO UPDATE
        SET typeset = excluded.typeset, geo = excluded.geo
        """)
    }
    return statements
  }

  // MARK: History

  /// The history of a transient Attribute goes with it (4.22).
  private static func deleteExpiredInstances(_ writes: [EntityWrite]) -> [SQL] {
    let rows = writes.flatMap { write in write.expired.map { (write: write, key: $0) } }
    guard !rows.isEmpty else { return [] }
    return [
      """
      DELETE FROM attribute_instance AS old
      USING unnest(
        \(rows.map(\.write.tenant)), \(rows.map(\.write.key)),
        \(rows.map(\.key.attribute)), \(rows.map(\.key.dataset)),
        \(rows.map(\.write.at.timestamp))
      ) AS gone (tenant, entity, attribute, dataset, at)
      WHERE old.tenant = gone.tenant AND old.entity = gone.entity
        AND old.attribute = gone.attribute AND old.dataset = gone.dataset
        AND old.expires <= gone.at
      """
    ]
  }
}

extension EntityWrite {
  fileprivate var created: Timestamp {
    (change.after?.createdAt ?? change.before?.createdAt ?? at).timestamp
  }
  fileprivate var modified: Timestamp { (change.after?.modifiedAt ?? at).timestamp }
  fileprivate var expires: Timestamp? { change.after?.expiresAt?.instant.timestamp }
  fileprivate var firstExpiry: Timestamp? { change.after?.firstExpiry?.timestamp }
}

/// PostgreSQL's text form of an array; an array of arrays of differing lengths is none of its types.
private func arrayLiteral(_ numbers: [NameNumber]) -> [UInt8] {
  var literal = [UInt8(ascii: "{")]
  for number in numbers {
    if literal.count > 1 { literal.append(UInt8(ascii: ",")) }
    literal.append(decimal: Int64(number))
  }
  literal.append(UInt8(ascii: "}"))
  return literal
}

private func arrayLiteral(_ texts: [String]) -> String {
  let quoted = texts.map { text in
    var literal = "\""
    for character in text {
      if character == "\"" || character == "\\" { literal += "\\" }
      literal.append(character)
    }
    return literal + "\""
  }
  return "{" + quoted.joined(separator: ",") + "}"
}
