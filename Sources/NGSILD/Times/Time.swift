package import JSON

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

// MARK: Text

/// The microseconds since midnight of the `hh:mm:ss[.ffffff]Z` that begins at `start` and ends with
/// `bytes`; negative if it is none.
func microsecondsOfDay(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int64 {
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

/// Returns the index after the last byte.
func writeTime(
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
