package import JSON
package import NGSILD

/// Which instances of the temporal evolution of Entities are asked for.
///
/// Shape: `timerel=between`, `timeAt`, `endTimeAt`, `timeproperty=observedAt`, `lastN=5`.
///
/// Standard: temporal query language (GS CIM 009, 4.11 and 5.2.21).
package struct TemporalQuery: Hashable, Sendable {
  package enum TimeProperty: String, CaseIterable, Hashable, Sendable {
    case observedAt, createdAt, modifiedAt, deletedAt
  }

  /// Nil for all of the past, which only Retrieve allows.
  package let interval: TemporalInterval?
  package let timeproperty: TimeProperty
  /// How many of the latest instances of each Attribute, one or more.
  package let lastN: Int?

  package init(
    interval: TemporalInterval?, timeproperty: TimeProperty = .observedAt, lastN: Int? = nil
  ) {
    precondition(lastN.map { $0 > 0 } ?? true)
    self.interval = interval
    self.timeproperty = timeproperty
    self.lastN = lastN
  }

  /// Reads the parameters of a URL.
  ///
  /// - Throws: `badRequestData`, also if of `timerel` and `timeAt` only one is given.
  package init(
    timerel: String?, timeAt: String?, endTimeAt: String?, timeproperty: String?, lastN: String?
  ) throws(NGSILDError) {
    self.interval = try TemporalInterval(timerel: timerel, timeAt: timeAt, endTimeAt: endTimeAt)
    self.timeproperty = try TimeProperty(parsing: timeproperty)
    if let lastN {
      guard let count = positiveInteger(lastN) else {
        throw .badRequestData("lastN '\(lastN.bounded)' is no integer of one or more")
      }
      self.lastN = count
    } else {
      self.lastN = nil
    }
  }

  /// Reads the member `temporalQ` of a Query, of which `timerel` and `timeAt` are mandatory.
  ///
  /// The legacy members `aggrMethods` and `aggrPeriodDuration` are passed over.
  ///
  /// - Throws: `badRequestData`.
  package init(_ value: JSONValue) throws(NGSILDError) {
    guard value.isObject else { throw .badRequestData("'temporalQ' is no JSON object") }
    for (name, member) in value.members {
      let name = name.string ?? ""
      guard Self.members.contains(name) else {
        throw .badRequestData("'temporalQ' has the unknown member '\(name.bounded)'")
      }
      if Self.stringMembers.contains(name) && !member.isString {
        throw .badRequestData("'\(name)' in 'temporalQ' is no string")
      }
    }
    guard let timerel = value["timerel"]?.string else {
      throw .badRequestData("'temporalQ' needs 'timerel': before, after or between")
    }
    interval = try TemporalInterval(
      timerel: timerel, timeAt: value["timeAt"]?.string, endTimeAt: value["endTimeAt"]?.string)
    timeproperty = try TimeProperty(parsing: value["timeproperty"]?.string)
    if let count = value["lastN"] {
      guard let integer = count.integer, integer > 0 else {
        throw .badRequestData("lastN \(count.rawText.bounded) is no integer of one or more")
      }
      lastN = integer
    } else {
      lastN = nil
    }
  }

  private static let stringMembers: Set = ["timerel", "timeAt", "endTimeAt", "timeproperty"]
  private static let members: Set = stringMembers.union([
    "lastN", "aggrMethods", "aggrPeriodDuration",
  ])
}

extension TemporalQuery.TimeProperty {
  fileprivate init(parsing text: String?) throws(NGSILDError) {
    guard let text else {
      self = .observedAt
      return
    }
    guard let property = Self(rawValue: text) else {
      throw .badRequestData(
        "timeproperty '\(text.bounded)' is unknown; right is observedAt, createdAt, modifiedAt or "
          + "deletedAt")
    }
    self = property
  }
}

/// A span of time.
///
/// Standard: GS CIM 009, 4.11.
package enum TemporalInterval: Hashable, Sendable {
  /// Up to an instant, itself excluded.
  case before(DateTime)
  /// From an instant on, itself included.
  case after(DateTime)
  /// From the first included to the second excluded.
  case between(DateTime, DateTime)

  /// The first instant within; nil without a beginning.
  package var start: DateTime? {
    switch self {
    case .before: nil
    case .after(let start), .between(let start, _): start
    }
  }

  /// The first instant after; nil without an end.
  package var end: DateTime? {
    switch self {
    case .after: nil
    case .before(let end), .between(_, let end): end
    }
  }

  package func contains(_ instant: DateTime) -> Bool {
    if let start, instant < start { return false }
    if let end, instant >= end { return false }
    return true
  }

  /// Nil without `timerel` and `timeAt`; `endTimeAt` counts only with `between`.
  ///
  /// - Throws: `badRequestData`.
  package init?(timerel: String?, timeAt: String?, endTimeAt: String?) throws(NGSILDError) {
    if timerel == nil && timeAt == nil { return nil }
    guard let timerel, let timeAt else {
      throw .badRequestData(
        timerel == nil ? "timeAt is given without timerel" : "timerel is given without timeAt")
    }
    switch timerel {
    case "before": self = .before(try DateTime(parsing: timeAt, of: "timeAt"))
    case "after": self = .after(try DateTime(parsing: timeAt, of: "timeAt"))
    case "between":
      guard let endTimeAt else {
        throw .badRequestData("timerel 'between' needs endTimeAt")
      }
      self = .between(
        try DateTime(parsing: timeAt, of: "timeAt"),
        try DateTime(parsing: endTimeAt, of: "endTimeAt"))
    default:
      throw .badRequestData(
        "timerel '\(timerel.bounded)' is unknown; right is before, after or between")
    }
  }
}
