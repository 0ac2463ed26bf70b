package import JSON

/// A calendar day.
///
/// Shape: `YYYY-MM-DD`. Standard: GS CIM 009, 4.6.3.
package struct Date: Hashable, Sendable {
  /// Since 1970-01-01; negative before.
  package let days: Int

  package init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count == 10 else { return nil }
    days = daysSinceEpoch(bytes)
    guard days > .min else { return nil }
  }

  package init?(_ text: String) {
    var text = text
    guard let date = text.withUTF8({ Date($0) }) else { return nil }
    self = date
  }

  package init?(_ value: JSONValue) {
    guard let date = value.withCharacters({ Date($0) }) else { return nil }
    self = date
  }
}

extension Date: Comparable {
  package static func < (one: Date, other: Date) -> Bool { one.days < other.days }
}

extension Date: CustomStringConvertible {
  package var description: String {
    String(unsafeUninitializedCapacity: 10) {
      writeDate(days, into: $0)
      return 10
    }
  }
}

// MARK: Calendar

extension Date {
  package init(days: Int) { self.days = days }

  init(year: Int, month: Int, day: Int) {
    // Counts from a March, so that the leap day ends the year; 719 468 days lie before 1970-01-01.
    let shiftedYear = month > 2 ? year : year &- 1
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear &- 399) / 400
    let yearOfEra = shiftedYear &- era &* 400
    let dayOfYear = (153 &* (month > 2 ? month &- 3 : month &+ 9) &+ 2) / 5 &+ day &- 1
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    days = era &* 146_097 &+ dayOfEra &- 719_468
  }

  var components: (year: Int, month: Int, day: Int) {
    let shifted = days &+ 719_468
    let era = (shifted >= 0 ? shifted : shifted &- 146_096) / 146_097
    let dayOfEra = shifted &- era &* 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    let day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
    let month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
    return (yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0), month, day)
  }
}

func daysIn(_ month: Int, of year: Int) -> Int {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

// MARK: Text

/// The days from 1970-01-01 to the `YYYY-MM-DD` that `bytes` begin with; `Int.min` if it is none.
func daysSinceEpoch(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
  let (century, yearOfCentury) = (twoDigits(bytes, at: 0), twoDigits(bytes, at: 2))
  let (month, day) = (twoDigits(bytes, at: 5), twoDigits(bytes, at: 8))
  guard century >= 0, yearOfCentury >= 0, 1...12 ~= month, day >= 1,
    bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-")
  else { return .min }
  let year = century &* 100 &+ yearOfCentury
  guard day <= 28 || day <= daysIn(month, of: year) else { return .min }
  return Date(year: year, month: month, day: day).days
}

/// Inverts `daysSinceEpoch`.
func writeDate(_ days: Int, into buffer: UnsafeMutableBufferPointer<UInt8>) {
  let (year, month, day) = Date(days: days).components
  writeTwoDigits(year / 100, into: buffer, at: 0)
  writeTwoDigits(year % 100, into: buffer, at: 2)
  buffer[4] = UInt8(ascii: "-")
  writeTwoDigits(month, into: buffer, at: 5)
  buffer[7] = UInt8(ascii: "-")
  writeTwoDigits(day, into: buffer, at: 8)
}
