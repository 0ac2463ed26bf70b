package import JSON
import JSONLD
package import NGSILD
package import Postgres

/// The last change of an Entity, as far as its row and its history tell.
///
/// What retention has removed from the history counts as different from what came after it.
package struct LastChange: Sendable {
  /// `entity.key`.
  package let entity: Int64
  package let at: DateTime
  package let change: EntityChange
  /// The Entity in stored form after the change; of a deleted one as it was before, as far as its
  /// Attributes went with it.
  package let document: JSONValue
}

extension HistoryStore {
  /// nil for an Entity that never was.
  package func lastChange(
    of id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> LastChange? {
    let rows = try await pool.query(
      """
      SELECT key, typeset IS NULL, document FROM entity WHERE tenant = \(tenant) AND id = \(id)
      """)
    guard let row = rows.first else { return nil }
    let (key, isDeleted) = (row[0].int64, row[1].bool)
    let entity = Entity(stored: JSONValue(storedDocument: row[2].bytes))
    let written = entity.attributes.flatMap { attribute in
      attribute.instances.filter { $0.modifiedAt == entity.modifiedAt }.map { (attribute.name, $0) }
    }
    let gone = try await deletions(in: key, tenant: tenant, at: entity.modifiedAt)
    let before = try await previous(
      of: written.map { ($0.0, $0.1.datasetId) } + gone, in: key, tenant: tenant,
      until: entity.modifiedAt)
    let changes =
      zip(written, before).map { written, before in
        let (name, after) = written
        // Older than the history that is kept.
        let isOld = before == nil && after.createdAt < entity.modifiedAt
        return AttributeChange(
          name: name, before: isOld ? after.deleted(at: entity.modifiedAt) : before, after: after)
      }
      + zip(gone, before.dropFirst(written.count)).compactMap { gone, before in
        before.map { AttributeChange(name: gone.name, before: $0, after: nil) }
      }
    return LastChange(key, entity, changes, isDeleted: isDeleted)
  }

  private typealias InstanceName = (name: IRI, datasetId: IRI?)

  /// The instances that were deleted at an instant.
  private func deletions(
    in entity: Int64, tenant: TenantNumber, at instant: DateTime
  ) async throws(PostgresError) -> [InstanceName] {
    let rows = try await pool.query(
      """
      SELECT a.iri, d.iri
      FROM attribute_instance AS i
      JOIN name AS a ON a.id = i.attribute
      LEFT JOIN name AS d ON d.id = i.dataset
      WHERE i.tenant = \(tenant) AND i.entity = \(entity) AND i.time = \(instant.timestamp)
        AND i.is_deletion AND a.iri <> \(NameTable.scope.text)
      ORDER BY i.id
      """)
    return rows.map { (IRI($0[0].string), $0[1].present.map { IRI($0.string) }) }
  }

  /// What instances were before an instant; nil for one that was not there.
  private func previous(
    of instances: [InstanceName], in entity: Int64, tenant: TenantNumber, until instant: DateTime
  ) async throws(PostgresError) -> [AttributeInstance?] {
    var found = [AttributeInstance?](repeating: nil, count: instances.count)
    guard !instances.isEmpty else { return [] }
    let rows = try await pool.query(
      """
      SELECT wanted.place, old.modified, old.document
      FROM unnest(\(instances.map(\.name.text)), \(instances.map { $0.datasetId?.text ?? "" }))
        WITH ORDINALITY AS wanted (name, dataset, place)
      JOIN name AS a ON a.iri = wanted.name
      LEFT JOIN name AS d ON d.iri = wanted.dataset
      CROSS JOIN LATERAL (
        SELECT i.modified, i.document, i.is_deletion FROM attribute_instance AS i
        WHERE i.tenant = \(tenant) AND i.entity = \(entity) AND i.attribute = a.id
          AND i.dataset = coalesce(d.id, 0) AND i.modified < \(instant.timestamp)
        ORDER BY i.time DESC, i.id DESC
        LIMIT 1
      ) AS old
      WHERE NOT old.is_deletion
      """)
    for row in rows {
      found[row[0].int - 1] = AttributeInstance(
        stored: JSONValue(storedDocument: row[2].bytes),
        in: DateTime(microseconds: row[1].timestamp.microseconds))
    }
    return found
  }
}

extension LastChange {
  /// - Parameter entity: after the change; of a deleted one what its row has kept.
  fileprivate init(
    _ key: Int64, _ entity: Entity, _ changes: [AttributeChange], isDeleted: Bool
  ) {
    self.entity = key
    at = entity.modifiedAt
    let isCreation = !isDeleted && entity.createdAt == entity.modifiedAt
    var before = entity
    for change in changes {
      guard isDeleted, let instance = change.before else { continue }
      before.attributes.append(Attribute(name: change.name, instances: [instance]))
    }
    change = EntityChange(
      before: isCreation ? nil : before, after: isDeleted ? nil : entity, attributes: changes)
    document = before.stored()
  }
}
