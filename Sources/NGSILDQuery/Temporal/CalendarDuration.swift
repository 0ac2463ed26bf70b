package import NGSILD

/// A span of time in which months have the length that the calendar gives them.
///
/// Shape: `P1Y2M10DT2H30M5S`, of which elements may be left out but not all, or `P3W`; whole
/// numbers. Weeks, days and all below have one length.
///
/// Standard: `aggrPeriodDuration` (GS CIM 009, 4.5.19.1).
package struct CalendarDuration: Hashable, Sendable {
  package let months: Int
  package let microseconds: Int64

  package var isZero: Bool { months == 0 && microseconds == 0 }

  package init(months: Int = 0, microseconds: Int64) {
    self.months = months
    self.microseconds = microseconds
  }

  /// - Throws: `badRequestData` that names `member` as the one at fault.
  package init(parsing text: String, of member: String) throws(NGSILDError) {
    guard let duration = CalendarDuration(text) else {
      throw .badRequestData(
        "\(member) '\(text.bounded)' is no duration, such as PT1H, P1D, P1M or P1DT12H")
    }
    self = duration
  }

  /// Nil unless `text` has the shape above and lasts 10,000 years at most.
  package init?(_ text: String) {
    guard text.hasPrefix("P") else { return nil }
    let parts = text.dropFirst().split(
      separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    guard let dates = elements(parts[0], of: "YMWD") else { return nil }
    var times: [Character: Int64] = [:]
    if parts.count == 2 {
      guard let found = elements(parts[1], of: "HMS"), !found.isEmpty else { return nil }
      times = found
    }
    guard !dates.isEmpty || !times.isEmpty else { return nil }
    // Weeks stand alone.
    guard dates["W"] == nil || dates.count == 1 && times.isEmpty else { return nil }
    let days = (dates["W"] ?? 0) * 7 + (dates["D"] ?? 0)
    let seconds =
      days * 86_400 + (times["H"] ?? 0) * 3600 + (times["M"] ?? 0) * 60
      + (times["S"] ?? 0)
    let months = (dates["Y"] ?? 0) * 12 + (dates["M"] ?? 0)
    guard months <= Self.monthsMax, seconds <= Self.monthsMax * 31 * 86_400 else { return nil }
    self.init(months: Int(months), microseconds: seconds * 1_000_000)
  }

  private static let monthsMax: Int64 = 120_000
}

/// Numbers by the letters that follow them, which come in the order of `letters`; nil for another
/// shape. Nine digits each, so that sums of them cannot overflow.
private func elements(_ text: Substring, of letters: String) -> [Character: Int64]? {
  var letters = letters[...]
  var elements: [Character: Int64] = [:]
  var digits = ""
  for character in text {
    if ("0"..."9").contains(character) {
      digits.append(character)
      continue
    }
    guard let place = letters.firstIndex(of: character), digits.utf8.count <= 9,
      let number = Int64(digits)
    else { return nil }
    letters = letters[letters.index(after: place)...]
    elements[character] = number
    digits = ""
  }
  return digits.isEmpty ? elements : nil
}

extension DateTime {
  /// This instant moved by `times` durations, of which the months are added first; a day that the
  /// month does not have becomes its last one.
  package func advanced(by duration: CalendarDuration, times: Int) -> DateTime {
    let moved = duration.months == 0 ? self : advanced(byMonths: duration.months * times)
    let rest = duration.microseconds.multipliedReportingOverflow(by: Int64(times))
    let sum = moved.microseconds.addingReportingOverflow(rest.partialValue)
    guard !rest.overflow, !sum.overflow else { return .latest }
    return DateTime(microseconds: sum.partialValue)
  }
}
