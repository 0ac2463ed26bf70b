package import JSON

/// An instant in UTC, to the microsecond.
///
/// Shape: `YYYY-MM-DDThh:mm:ss[.ffffff]Z`, a fraction of one to six digits; a comma may stand for
/// the point. The calendar is proleptic Gregorian, years 0000 to 9999.
///
/// Standard: GS CIM 009, 4.6.3.
package struct DateTime: Hashable, Sendable {
  package static let earliest = DateTime(unchecked: -62_167_219_200_000_000)
  package static let latest = DateTime(unchecked: 253_402_300_799_999_999)

  /// nil for `earliest`, which stands for an instant that nobody told.
  package var told: DateTime? { self == .earliest ? nil : self }

  /// Since 1970-01-01T00:00:00Z; negative before.
  package let microseconds: Int64

  /// Choice: kept between `earliest` and `latest`, so that each instant has a text.
  package init(microseconds: Int64) {
    self.microseconds = min(
      max(microseconds, Self.earliest.microseconds), Self.latest.microseconds)
  }

  private init(unchecked microseconds: Int64) { self.microseconds = microseconds }

  /// Nil unless the bytes have the shape above and name a day and time that exist.
  ///
  /// Choice: a leap second (`:60`) and the hour 24 are refused.
  package init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") else { return nil }
    let days = daysSinceEpoch(bytes)
    let time = microsecondsOfDay(bytes, from: 11)
    guard days > .min, time >= 0 else { return nil }
    microseconds = Int64(days) * microsecondsPerDay + time
  }

  package init?(_ text: String) {
    var text = text
    guard let instant = text.withUTF8({ DateTime($0) }) else { return nil }
    self = instant
  }

  /// Nil unless a string of the shape above.
  package init?(_ value: JSONValue) {
    guard let instant = value.withCharacters({ DateTime($0) }) else { return nil }
    self = instant
  }

  /// - Throws: `badRequestData` that names `member` as the one at fault.
  package init(parsing text: String, of member: String) throws(NGSILDError) {
    guard let instant = DateTime(text) else {
      throw .badRequestData(
        "\(member) '\(text.prefix(40))' is no DateTime; right is YYYY-MM-DDThh:mm:ss[.ffffff]Z")
    }
    self = instant
  }
}

extension DateTime {
  /// The same day and time so many months later; a day that the month does not have becomes its
  /// last one.
  ///
  /// Choice: kept between `earliest` and `latest`.
  package func advanced(byMonths months: Int) -> DateTime {
    let (days, time) = microseconds.dividedFlooring(by: microsecondsPerDay)
    let date = Date(days: Int(days)).components
    let count = date.year * 12 + date.month - 1 + months
    let (year, month) = (count / 12, count % 12 + 1)
    guard count >= 0, year <= 9999 else { return count < 0 ? .earliest : .latest }
    let first = Date(year: year, month: month, day: min(date.day, daysIn(month, of: year)))
    return DateTime(unchecked: Int64(first.days) * microsecondsPerDay + time)
  }
}

extension DateTime: Comparable {
  package static func < (one: DateTime, other: DateTime) -> Bool {
    one.microseconds < other.microseconds
  }
}

extension DateTime: CustomStringConvertible {
  /// The shortest text: the fraction has no trailing zeros and is left out when zero.
  package var description: String {
    String(unsafeUninitializedCapacity: 27) { write(into: $0) }
  }

  package func append(to bytes: inout [UInt8]) {
    withBytes { bytes.append(contentsOf: $0) }
  }

  /// Calls `body` with the bytes of `description`.
  func withBytes(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { buffer in
      let count = write(into: buffer)
      body(UnsafeBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private func write(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let (days, time) = microseconds.dividedFlooring(by: microsecondsPerDay)
    writeDate(Int(days), into: buffer)
    buffer[10] = UInt8(ascii: "T")
    return writeTime(time, into: buffer, at: 11)
  }
}

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

/// A time of day in UTC, to the microsecond.
///
/// Shape: `hh:mm:ss[.ffffff]Z`. Standard: GS CIM 009, 4.6.3.
package struct Time: Hashable, Sendable {
  /// Since midnight.
  package let microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }

  package init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    microseconds = microsecondsOfDay(bytes, from: 0)
    guard microseconds >= 0 else { return nil }
  }

  package init?(_ text: String) {
    var text = text
    guard let time = text.withUTF8({ Time($0) }) else { return nil }
    self = time
  }

  package init?(_ value: JSONValue) {
    guard let time = value.withCharacters({ Time($0) }) else { return nil }
    self = time
  }
}

extension Time: Comparable {
  package static func < (one: Time, other: Time) -> Bool { one.microseconds < other.microseconds }
}

extension Time: CustomStringConvertible {
  package var description: String {
    String(unsafeUninitializedCapacity: 16) { writeTime(microseconds, into: $0, at: 0) }
  }
}

// MARK: Reading

private let microsecondsPerDay: Int64 = 86_400_000_000

extension JSONValue {
  /// Calls `body` with the UTF-8 of a string's characters; nil for another kind.
  fileprivate func withCharacters<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) -> Result?
  ) -> Result? {
    guard isString else { return nil }
    guard hasEscapes else { return withContents(body) }
    guard var characters = string else { return nil }
    return characters.withUTF8(body)
  }
}

/// The value of two digits; negative if they are none.
@inline(__always)
private func twoDigits(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
  let (tens, ones) = (bytes[index] &- 48, bytes[index + 1] &- 48)
  return tens < 10 && ones < 10 ? Int(tens) &* 10 &+ Int(ones) : -1
}

extension Date {
  package init(days: Int) { self.days = days }

  fileprivate init(year: Int, month: Int, day: Int) {
    // Counts from a March, so that the leap day ends the year; 719 468 days lie before 1970-01-01.
    let shiftedYear = month > 2 ? year : year &- 1
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear &- 399) / 400
    let yearOfEra = shiftedYear &- era &* 400
    let dayOfYear = (153 &* (month > 2 ? month &- 3 : month &+ 9) &+ 2) / 5 &+ day &- 1
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    days = era &* 146_097 &+ dayOfEra &- 719_468
  }

  fileprivate var components: (year: Int, month: Int, day: Int) {
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

/// The days from 1970-01-01 to the `YYYY-MM-DD` that `bytes` begin with; `Int.min` if it is none.
private func daysSinceEpoch(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
  let (century, yearOfCentury) = (twoDigits(bytes, at: 0), twoDigits(bytes, at: 2))
  let (month, day) = (twoDigits(bytes, at: 5), twoDigits(bytes, at: 8))
  guard century >= 0, yearOfCentury >= 0, 1...12 ~= month, day >= 1,
    bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-")
  else { return .min }
  let year = century &* 100 &+ yearOfCentury
  guard day <= 28 || day <= daysIn(month, of: year) else { return .min }
  return Date(year: year, month: month, day: day).days
}

private func daysIn(_ month: Int, of year: Int) -> Int {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

/// The microseconds since midnight of the `hh:mm:ss[.ffffff]Z` that begins at `start` and ends with
/// `bytes`; negative if it is none.
private func microsecondsOfDay(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int64 {
  let last = bytes.count - 1
  guard last >= start + 8, last <= start + 15, last != start + 9,
    bytes[last] == UInt8(ascii: "Z"),
    bytes[start + 2] == UInt8(ascii: ":"), bytes[start + 5] == UInt8(ascii: ":")
  else { return -1 }
  let (hour, minute) = (twoDigits(bytes, at: start), twoDigits(bytes, at: start + 3))
  let second = twoDigits(bytes, at: start + 6)
  guard 0..<24 ~= hour, 0..<60 ~= minute, 0..<60 ~= second else { return -1 }
  var fraction: Int64 = 0
  if last > start + 8 {
    guard bytes[start + 8] == UInt8(ascii: ".") || bytes[start + 8] == UInt8(ascii: ",") else {
      return -1
    }
    var scale: Int64 = 100_000
    for index in start + 9..<last {
      let digit = bytes[index] &- 48
      guard digit < 10 else { return -1 }
      fraction &+= Int64(digit) &* scale
      scale /= 10
    }
  }
  return Int64((hour &* 60 &+ minute) &* 60 &+ second) &* 1_000_000 &+ fraction
}

// MARK: Writing

extension Int64 {
  fileprivate func dividedFlooring(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

@inline(__always)
private func writeTwoDigits(
  _ value: Int, into buffer: UnsafeMutableBufferPointer<UInt8>, at index: Int
) {
  buffer[index] = UInt8(truncatingIfNeeded: 48 &+ value / 10)
  buffer[index + 1] = UInt8(truncatingIfNeeded: 48 &+ value % 10)
}

/// Inverts `daysSinceEpoch`.
private func writeDate(_ days: Int, into buffer: UnsafeMutableBufferPointer<UInt8>) {
  let (year, month, day) = Date(days: days).components
  writeTwoDigits(year / 100, into: buffer, at: 0)
  writeTwoDigits(year % 100, into: buffer, at: 2)
  buffer[4] = UInt8(ascii: "-")
  writeTwoDigits(month, into: buffer, at: 5)
  buffer[7] = UInt8(ascii: "-")
  writeTwoDigits(day, into: buffer, at: 8)
}

/// Returns the index after the last byte.
private func writeTime(
  _ microseconds: Int64, into buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int
) -> Int {
  let seconds = Int(microseconds / 1_000_000)
  writeTwoDigits(seconds / 3600, into: buffer, at: start)
  buffer[start + 2] = UInt8(ascii: ":")
  writeTwoDigits(seconds / 60 % 60, into: buffer, at: start + 3)
  buffer[start + 5] = UInt8(ascii: ":")
  writeTwoDigits(seconds % 60, into: buffer, at: start + 6)
  var end = start + 8
  var fraction = Int(microseconds % 1_000_000)
  if fraction > 0 {
    buffer[end] = UInt8(ascii: ".")
    var scale = 100_000
    repeat {
      end += 1
      buffer[end] = UInt8(truncatingIfNeeded: 48 &+ fraction / scale)
      fraction %= scale
      scale /= 10
    } while fraction > 0
    end += 1
  }
  buffer[end] = UInt8(ascii: "Z")
  return end + 1
}
