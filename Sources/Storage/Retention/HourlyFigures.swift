package import JSONLD
package import NGSILD
package import Postgres

/// What is left of an hour of a numeric Attribute whose rows went.
package struct HourlyFigures: Sendable, Hashable {
  package let attribute: IRI
  package let hour: DateTime
  package let minimum: Double
  package let maximum: Double
  package let average: Double
  package let count: Int
}

extension RetentionStore {
  /// The figures of one Entity's Attributes, without those of further datasets, by Attribute and
  /// time.
  ///
  /// - Parameter interval: hours that begin in it, its end excluded.
  package func hours(
    of id: String, _ interval: Range<DateTime>, tenant: TenantNumber
  ) async throws(PostgresError) -> [HourlyFigures] {
    let rows = try await pool.query(
      """
      SELECT h.attribute, h.hour, h.minimum, h.maximum, h.average, h.count
      FROM entity AS e JOIN attribute_hour AS h ON h.tenant = e.tenant AND h.entity = e.key
      WHERE e.tenant = \(tenant) AND e.id = \(id) AND h.dataset = 0
        AND h.hour >= \(interval.lowerBound.timestamp) AND h.hour < \(interval.upperBound.timestamp)
      ORDER BY h.attribute, h.hour
      """)
    try await names.find(numbers: Set(rows.map { NameNumber($0[0].int) }), in: pool)
    return rows.map { row in
      HourlyFigures(
        attribute: IRI(names.name(of: NameNumber(row[0].int)) ?? ""),
        hour: DateTime(microseconds: row[1].timestamp.microseconds),
        minimum: row[2].double, maximum: row[3].double, average: row[4].double, count: row[5].int)
    }
  }
}
