package import JSON
package import NGSILD

/// What is computed of the values of Attributes in each period.
///
/// Standard: aggregated temporal representation (GS CIM 009, 4.5.19, 5.2.44).
package struct Aggregation: Hashable, Sendable {
  package enum Method: String, CaseIterable, Hashable, Sendable {
    case avg, distinctCount, max, min, stddev, sum, sumsq, totalCount
  }

  /// In the order in which they were asked for, at least one, without repetition.
  package let methods: [Method]
  /// Nil for one period as long as the whole range.
  package let period: CalendarDuration?

  package init(methods: [Method], period: CalendarDuration? = nil) {
    precondition(!methods.isEmpty)
    self.methods = methods
    self.period = period
  }

  /// Reads the parameters of a URL; nil without `aggrMethods`.
  ///
  /// - Throws: `badRequestData`.
  package init?(aggrMethods: String?, aggrPeriodDuration: String?) throws(NGSILDError) {
    let period = try Self.period(aggrPeriodDuration)
    guard let aggrMethods else { return nil }
    let names = aggrMethods.split(separator: ",", omittingEmptySubsequences: false)
    self.init(methods: try Self.methods(names.map(String.init)), period: period)
  }

  /// Reads `aggrParams`, or the older members of `temporalQ`; nil without `aggrMethods`.
  ///
  /// - Throws: `badRequestData`.
  package init?(_ value: JSONValue) throws(NGSILDError) {
    let period = try value["aggrPeriodDuration"].map { value throws(NGSILDError) in
      guard let text = value.string else {
        throw .badRequestData("'aggrPeriodDuration' is \(value.rawText.bounded), no string")
      }
      return text
    }
    guard let methods = value["aggrMethods"] else {
      _ = try Self.period(period)
      return nil
    }
    let texts = (methods.isArray ? Array(methods.elements) : [methods]).map(\.string)
    guard !texts.isEmpty, texts.allSatisfy({ $0 != nil }) else {
      throw .badRequestData(
        "'aggrMethods' is \(methods.rawText.bounded); a string or an array of strings is expected")
    }
    try self.init(
      aggrMethods: texts.compactMap(\.self).joined(separator: ","), aggrPeriodDuration: period)
  }

  /// A period of no length stands for the whole range.
  private static func period(_ text: String?) throws(NGSILDError) -> CalendarDuration? {
    guard let text else { return nil }
    let duration = try CalendarDuration(parsing: text, of: "aggrPeriodDuration")
    return duration.isZero ? nil : duration
  }

  private static func methods(_ names: [String]) throws(NGSILDError) -> [Method] {
    var methods: [Method] = []
    for name in names {
      guard let method = Method(rawValue: name) else {
        let known = Method.allCases.map(\.rawValue).joined(separator: ", ")
        throw .badRequestData("aggrMethods has '\(name.bounded)'; \(known) are known")
      }
      if !methods.contains(method) { methods.append(method) }
    }
    return methods
  }
}
