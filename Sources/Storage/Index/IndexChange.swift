import JSONLD
import NGSILD
import Postgres

/// What the change of one Entity does to `attribute_index`: nothing, unless a value of an indexed
/// Attribute, the types or an expiry change.
struct IndexChange: Sendable {
  /// To be added, or put in the place of those that have the same Attribute and item.
  private(set) var rows: [IndexRow] = []
  /// The Attributes that have fewer rows than before, with the number of those that stay.
  private(set) var shortened: [(number: NameNumber, count: Int32)] = []

  /// - Parameters:
  ///   - locked: the Entity as it was stored, with what had expired in it.
  ///   - typeset: nil if it is deleted.
  init(
    _ change: EntityChange, from locked: LockedEntity?, to typeset: TypesetNumber?,
    _ indexed: [IndexedAttribute]
  ) {
    guard !indexed.isEmpty else { return }
    let changesAll =
      locked?.typeset != typeset || locked?.entity?.expiresAt != change.after?.expiresAt
    for attribute in indexed where changesAll || change.concerns(attribute.name) {
      add(
        attribute.number, before: locked.map { $0.rows(for: attribute) } ?? [],
        after: change.after.flatMap { entity in
          typeset.map { IndexRow.rows(of: entity, $0, for: attribute) }
        } ?? [])
    }
  }

  private mutating func add(_ attribute: NameNumber, before: [IndexRow], after: [IndexRow]) {
    for (item, row) in after.enumerated() where item >= before.count || before[item] != row {
      rows.append(row)
    }
    if after.count < before.count { shortened.append((attribute, Int32(after.count))) }
  }
}

extension EntityChange {
  fileprivate func concerns(_ attribute: IRI) -> Bool {
    attributes.contains { $0.name == attribute } || expired.contains { $0.name == attribute }
  }
}

extension LockedEntity {
  fileprivate func rows(for attribute: IndexedAttribute) -> [IndexRow] {
    guard let entity, let typeset else { return [] }
    return IndexRow.rows(of: entity, typeset, for: attribute)
  }
}

// MARK: Writing

extension IndexChange {
  static func statements(_ writes: [EntityWrite]) -> [SQL] {
    var statements: [SQL] = []
    let shortened = writes.flatMap { write in
      write.index.shortened.map { (write: write, attribute: $0) }
    }
    if !shortened.isEmpty { statements.append(deleteRest(of: shortened)) }
    let rows = writes.flatMap { write in
      write.index.rows.map { PlacedIndexRow(tenant: write.tenant, key: write.key, row: $0) }
    }
    if !rows.isEmpty { statements.append(PlacedIndexRow.upsert(rows)) }
    return statements
  }

  private static func deleteRest(
    of shortened: [(write: EntityWrite, attribute: (number: NameNumber, count: Int32))]
  ) -> SQL {
    """
    DELETE FROM attribute_index AS old
    USING unnest(
      \(shortened.map(\.write.tenant)), \(shortened.map(\.write.key)),
      \(shortened.map(\.attribute.number)), \(shortened.map(\.attribute.count))
    ) AS shortened (tenant, key, attribute, count)
    WHERE old.tenant = shortened.tenant AND old.key = shortened.key
      AND old.attribute = shortened.attribute AND old.item >= shortened.count
    """
  }
}

/// A row of `attribute_index` with the Entity that it belongs to.
struct PlacedIndexRow {
  let tenant: TenantNumber
  let key: Int64
  let row: IndexRow

  static func upsert(_ rows: [PlacedIndexRow]) -> SQL {
    """
    INSERT INTO attribute_index (tenant, key, attribute, item, typeset, number, text, is_reference,
      expires)
    SELECT * FROM unnest(
      \(rows.map(\.tenant)), \(rows.map(\.key)), \(rows.map(\.row.attribute)),
      \(rows.map(\.row.item)), \(rows.map(\.row.typeset)), \(rows.map(\.row.value.number)),
      \(rows.map(\.row.value.characters)), \(rows.map(\.row.value.isReference)),
      \(rows.map(\.row.expires?.timestamp)))
    ON CONFLICT (tenant, key, attribute, item) DO UPDATE
    SET typeset = excluded.typeset, number = excluded.number, text = excluded.text,
      is_reference = excluded.is_reference, expires = excluded.expires
    """
  }
}

extension IndexedValue {
  fileprivate var number: Double? { if case .number(let number) = self { number } else { nil } }

  fileprivate var characters: String? {
    switch self {
    case .number: nil
    case .text(let text), .reference(let text): text
    }
  }

  fileprivate var isReference: Bool { if case .reference = self { true } else { false } }
}
