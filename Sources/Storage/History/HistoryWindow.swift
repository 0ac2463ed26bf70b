import NGSILD
import NGSILDQuery
import Postgres

/// Which instances count, by their time and dataset: a condition on the row `i` of the history.
struct HistoryWindow: Hashable {
  let tenant: TenantNumber
  let now: DateTime
  let property: TemporalQuery.TimeProperty
  var interval: TemporalInterval?
  /// Nil for all.
  var datasets: [NameNumber]?

  init(_ temporal: TemporalQuery, in scope: QueryScope) {
    tenant = scope.tenant
    now = scope.now
    property = temporal.timeproperty
    interval = temporal.interval
  }

  /// - Parameters:
  ///   - entity: the key of the Entity.
  ///   - attribute: what `i.attribute` is; nil for any.
  func condition(entity: SQL, attribute: SQL?) -> SQL {
    var conditions: [SQL] = ["i.tenant = \(tenant)", "i.entity = \(entity)"]
    if let attribute { conditions.append("i.attribute \(attribute)") }
    if let start = interval?.start { conditions.append("\(time) >= \(start.timestamp)") }
    if let end = interval?.end { conditions.append("\(time) < \(end.timestamp)") }
    if let hasProperty { conditions.append(hasProperty) }
    if let datasets { conditions.append("i.dataset = ANY (\(datasets))") }
    // Instances of transient Attributes that have expired are gone (GS CIM 009, 4.22).
    conditions.append("(i.expires IS NULL OR i.expires > \(now.timestamp))")
    return SQL.joined(conditions, by: " AND ")
  }

  /// Which hourly figures count, by their first instant: a condition on the row `h` of
  /// `attribute_hour`.
  func conditionOnHours(entity: SQL, attribute: SQL?) -> SQL {
    var conditions: [SQL] = ["h.tenant = \(tenant)", "h.entity = \(entity)"]
    if let attribute { conditions.append("h.attribute \(attribute)") }
    if let start = interval?.start { conditions.append("h.hour >= \(start.timestamp)") }
    if let end = interval?.end { conditions.append("h.hour < \(end.timestamp)") }
    if let datasets { conditions.append("h.dataset = ANY (\(datasets))") }
    return SQL.joined(conditions, by: " AND ")
  }

  /// The column of the time property.
  var time: SQL {
    switch property {
    case .observedAt: "i.time"
    case .createdAt: "i.created"
    case .modifiedAt, .deletedAt: "i.modified"
    }
  }

  /// When the last month before now begins, if the window reaches over it; nil too where instances
  /// are not looked for by the time that they are stored by.
  var lastMonth: DateTime? {
    guard property == .observedAt else { return nil }
    let start = DateTime(microseconds: now.microseconds - 31 * 86_400_000_000)
    if let first = interval?.start, first >= start { return nil }
    if let end = interval?.end, end <= start { return nil }
    return start
  }

  /// Instances that have the property at all.
  ///
  /// All of the past has also those that were never observed.
  private var hasProperty: SQL? {
    switch property {
    case .observedAt: interval == nil ? nil : "i.is_observed"
    case .deletedAt: "i.is_deletion"
    case .createdAt, .modifiedAt: nil
    }
  }
}
