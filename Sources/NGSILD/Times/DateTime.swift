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

let microsecondsPerDay: Int64 = 86_400_000_000

extension JSONValue {
  /// Calls `body` with the UTF-8 of a string's characters; nil for another kind.
  func withCharacters<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) -> Result?
  ) -> Result? {
    guard isString else { return nil }
    guard hasEscapes else { return withContents(body) }
    guard var characters = string else { return nil }
    return characters.withUTF8(body)
  }
}

extension Int64 {
  fileprivate func dividedFlooring(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
