import NGSILD
import Postgres

/// The history's share of a batch of changes.
extension HistoryStore {
  static func insert(_ writes: [EntityWrite]) -> [SQL] {
    var statements: [SQL] = []
    let added = writes.filter { $0.change.record == nil }.flatMap(\.instances)
    if !added.isEmpty { statements.append(insert(added)) }
    let recorded = writes.filter { $0.change.record != nil }.flatMap(\.instances)
    if !recorded.isEmpty { statements.append(upsert(recorded)) }
    return statements + enterScopes(writes.flatMap(\.instances))
  }

  /// Tells reads that there are scopes to look for.
  static func enterScopes(_ rows: [InstanceRow]) -> [SQL] {
    let scopes = rows.filter { $0.kind == .scopes }
    guard !scopes.isEmpty else { return [] }
    return [
      """
      UPDATE entity AS e SET had_scopes = true
      FROM unnest(\(scopes.map(\.tenant)), \(scopes.map(\.entity))) AS new (tenant, key)
      WHERE e.tenant = new.tenant AND e.key = new.key AND NOT e.had_scopes
      """
    ]
  }

  private static func insert(_ rows: [InstanceRow]) -> SQL {
    """
    INSERT INTO attribute_instance (\(columns))
    SELECT \(SQL.joined(values(of: rows).map { "unnest(\($0))" }, by: ", "))
    """
  }

  /// An instance that was observed at the time of a stored one takes its place, with its id.
  ///
  /// Choice: GS CIM 009 says in 5.6.11 that instances are added, and the test suite that one which is
  /// given again replaces the stored one.
  static func upsert(_ rows: [InstanceRow]) -> SQL {
    """
    WITH new AS MATERIALIZED (SELECT * FROM \(table(of: rows))),
    updated AS (
      UPDATE attribute_instance AS old
      SET modified = new.modified, expires = new.expires, is_deletion = new.is_deletion,
        kind = new.kind, number = new.number, value = NULL, comparable = new.comparable,
        document = new.document
      FROM new
      WHERE old.tenant = new.tenant AND old.entity = new.entity
        AND old.attribute = new.attribute AND old.dataset = new.dataset
        AND old.time = new.time AND old.is_observed AND new.is_observed
      RETURNING new.place
    )
    INSERT INTO attribute_instance (\(columns))
    SELECT \(columns) FROM new WHERE place NOT IN (SELECT place FROM updated)
    """
  }

  static let columns: SQL = "tenant, \(columnsOfInstances)"

  /// All that is written but the tenant and the id.
  static let columnsOfInstances: SQL = """
    entity, attribute, dataset, time, is_observed, is_deletion, created, modified, expires, kind,
    number, comparable, document
    """

  /// What filters look at of the instance `i`, as `jsonb`; null where it is told by other columns.
  ///
  /// Rows that were written before there was `comparable` have `value`.
  static let comparable: SQL = "coalesce(i.comparable::jsonb, i.value)"

  /// The columns of `rows`, as arrays.
  private static func values(of rows: [InstanceRow]) -> [SQL] {
    [
      "\(rows.map(\.tenant))", "\(rows.map(\.entity))",
      "\(rows.map(\.attribute))", "\(rows.map(\.dataset))",
      "\(rows.map(\.time.timestamp))", "\(rows.map(\.isObserved))",
      "\(rows.map(\.isDeletion))", "\(rows.map(\.created.timestamp))",
      "\(rows.map(\.modified.timestamp))", "\(rows.map { $0.expires?.timestamp })",
      "\(rows.map(\.kind.rawValue))", "\(rows.map(\.number))",
      "\(rows.map(\.comparable))", "\(rows.map(\.document))",
    ]
  }

  static func table(of rows: [InstanceRow]) -> SQL {
    "unnest(\(SQL.joined(values(of: rows), by: ", "))) WITH ORDINALITY AS new (\(columns), place)"
  }
}
