import JSON
package import JSONLD
package import NGSILD
package import Postgres

/// Changes of the history itself, which leave the current state of Entities alone.
extension HistoryStore {
  /// Removes the history of an Entity, and what is left of it by the hour; returns whether there was
  /// any.
  package func delete(
    _ id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> Bool {
    let hasHistory = try await hasHistory(id, tenant: tenant)
    // What is left of a deleted Entity is there for its history alone.
    let removed = try await pool.flight([
      "DELETE FROM attribute_instance AS i WHERE \(of(id, tenant))",
      "DELETE FROM attribute_hour AS i WHERE \(of(id, tenant))",
      "DELETE FROM entity WHERE tenant = \(tenant) AND id = \(id) AND typeset IS NULL",
    ])
    return hasHistory || removed[1].affected > 0
  }

  /// Removes instances of an Attribute from the history, and hours of them; returns how many.
  package func delete(
    _ attribute: IRI, _ selection: EntityOperation.InstanceSelection, of id: String,
    tenant: TenantNumber
  ) async throws(PostgresError) -> Int {
    guard let ofAttribute = try await instances(of: attribute, id, tenant: tenant) else { return 0 }
    var ofDataset: SQL = "true"
    if case .one(let datasetId) = selection {
      try await names.find(names.unknown(among: [datasetId].compactMap(\.self)), in: pool)
      guard let number = datasetId.map({ names.number(of: $0) }) ?? 0 else { return 0 }
      ofDataset = "i.dataset = \(number)"
    }
    return try await pool.flight([
      "DELETE FROM attribute_instance AS i WHERE \(ofAttribute) AND \(ofDataset)",
      "DELETE FROM attribute_hour AS i WHERE \(ofAttribute) AND \(ofDataset)",
    ]).reduce(0) { $0 + $1.affected }
  }

  /// Removes one instance from the history; returns whether it was there.
  package func delete(
    _ instance: InstanceID, of attribute: IRI, _ id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> Bool {
    guard let ofAttribute = try await instances(of: attribute, id, tenant: tenant) else {
      return false
    }
    return try await pool.query(
      "DELETE FROM attribute_instance AS i WHERE \(ofAttribute) AND i.id = \(instance.number)"
    ).affected > 0
  }

  /// Puts what `change` makes of an instance in its place; returns whether it was there.
  ///
  /// - Throws: what `change` throws; nothing is changed then.
  package func update(
    _ instance: InstanceID, of attribute: IRI, _ id: String, at now: DateTime,
    tenant: TenantNumber,
    _ change: (AttributeInstance) throws(NGSILDError) -> AttributeInstance
  ) async throws(PostgresError) -> Result<Bool, NGSILDError> {
    guard let ofAttribute = try await instances(of: attribute, id, tenant: tenant) else {
      return .success(false)
    }
    return try await pool.withConnection { connection throws(PostgresError) in
      let found = try await connection.flight([
        "BEGIN",
        """
        SELECT i.document, i.entity, i.modified FROM attribute_instance AS i
        WHERE \(ofAttribute) AND i.id = \(instance.number) FOR UPDATE
        """,
      ])[1]
      guard let row = found.first else {
        try await connection.rollback()
        return .success(false)
      }
      let changed: AttributeInstance
      do throws(NGSILDError) {
        changed = try change(
          AttributeInstance(
            stored: JSONValue(storedDocument: row[0].bytes), in: DateTime(row[2].timestamp)))
      } catch {
        try await connection.rollback()
        return .failure(error)
      }
      try await self.names.create(self.names.unknown(among: changed.names), in: self.pool)
      let new = InstanceRow(
        changed, named: self.names.required(attribute), tenant: tenant,
        entity: row[1].int64, at: now, names: self.names)
      let condition: SQL = "\(ofAttribute) AND i.id = \(instance.number)"
      try await connection.flight([Self.replacement(by: new, where: condition), "COMMIT"])
      return .success(true)
    }
  }

  private static func replacement(by new: InstanceRow, where condition: SQL) -> SQL {
    """
    UPDATE attribute_instance AS i
    SET time = CASE WHEN new.is_observed THEN new.time ELSE i.created END,
      is_observed = new.is_observed, is_deletion = new.is_deletion, dataset = new.dataset,
      modified = new.modified, expires = new.expires, kind = new.kind, number = new.number,
      value = NULL, comparable = new.comparable, document = new.document
    FROM \(table(of: [new]))
    WHERE \(condition)
    """
  }

  /// The condition on instances `i` of an Attribute; nil if no Entity ever had it.
  private func instances(
    of attribute: IRI, _ id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> SQL? {
    try await names.find(names.unknown(among: [attribute]), in: pool)
    guard let number = names.number(of: attribute) else { return nil }
    return "\(of(id, tenant)) AND i.attribute = \(number)"
  }

  /// The condition on instances `i` of an Entity.
  private func of(_ id: String, _ tenant: TenantNumber) -> SQL {
    """
    i.tenant = \(tenant) AND i.entity = (
      SELECT key FROM entity WHERE tenant = \(tenant) AND id = \(id))
    """
  }

  /// The types that an Entity has, or had; empty if there never was one.
  package func types(
    of id: String, tenant: TenantNumber
  ) async throws(PostgresError) -> [IRI] {
    try await entities(pool.query(Self.entity(id, tenant: tenant)), tenant: tenant)
      .first?.history.types ?? []
  }
}

extension AttributeInstance {
  /// The names that its row refers to by number.
  var names: [IRI] {
    [datasetId].compactMap(\.self)
      + subAttributes.flatMap { [$0.name] + $0.instances.flatMap(\.names) }
  }
}
