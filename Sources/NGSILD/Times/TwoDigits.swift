/// The value of two digits; negative if they are none.
@inline(__always)
func twoDigits(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
  let (tens, ones) = (bytes[index] &- 48, bytes[index + 1] &- 48)
  return tens < 10 && ones < 10 ? Int(tens) &* 10 &+ Int(ones) : -1
}

/// Writes a value from 0 to 99.
@inline(__always)
func writeTwoDigits(
  _ value: Int, into buffer: UnsafeMutableBufferPointer<UInt8>, at index: Int
) {
  buffer[index] = UInt8(truncatingIfNeeded: 48 &+ value / 10)
  buffer[index + 1] = UInt8(truncatingIfNeeded: 48 &+ value % 10)
}
