/// The header fields of a request, in the order in which they came.
///
/// All fields lie in one buffer: a request costs one allocation for its headers, and text is made
/// only of the fields that someone asks for.
package struct HTTPHeaders: Sendable {
  /// For each field its two lengths (`lengthBytes` each, little-endian), the name and the value.
  private var packed: [UInt8] = []
  package private(set) var count = 0

  private static let lengthBytes = 4

  package init() {}

  package init(_ fields: [(name: String, value: String)]) {
    for var (name, value) in fields {
      name.withUTF8 { name in
        value.withUTF8 { value in
          append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer(value))
        }
      }
    }
  }

  /// Makes room for fields of so many bytes in total.
  mutating func reserve(bytes: Int) { packed.reserveCapacity(bytes) }

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    append(length: name.count)
    append(length: value.count)
    packed.append(contentsOf: name)
    packed.append(contentsOf: value)
    count += 1
  }

  private mutating func append(length: Int) {
    let length = UInt32(length)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      packed.append(UInt8(truncatingIfNeeded: length >> shift))
    }
  }

  // MARK: Lookup

  /// The value of the first field of that name, in any case.
  package func first(_ name: String) -> String? {
    var found: String?
    visit(name) { value in
      found = String(decoding: value, as: UTF8.self)
      return false
    }
    return found
  }

  /// The values of all fields of that name, in any case.
  package func all(_ name: String) -> [String] {
    var found: [String] = []
    visit(name) { value in
      found.append(String(decoding: value, as: UTF8.self))
      return true
    }
    return found
  }

  package func contains(_ name: String) -> Bool {
    var isFound = false
    visit(name) { _ in
      isFound = true
      return false
    }
    return isFound
  }

  /// All fields as text, in order.
  package var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    forEach { name, value in
      fields.append(
        (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
      return true
    }
    return fields
  }

  private func visit(_ name: String, _ body: (UnsafeRawBufferPointer) -> Bool) {
    var name = name
    name.withUTF8 { wanted in
      forEach { name, value in
        guard equalIgnoringCase(name, UnsafeRawBufferPointer(wanted)) else { return true }
        return body(value)
      }
    }
  }

  /// Calls `body` with each name and value until it returns false.
  private func forEach(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) {
    packed.withUnsafeBytes { packed in
      var position = 0
      while position < packed.count {
        let nameStart = position + 2 * Self.lengthBytes
        let valueStart = nameStart + length(in: packed, at: position)
        let end = valueStart + length(in: packed, at: position + Self.lengthBytes)
        let name = UnsafeRawBufferPointer(rebasing: packed[nameStart..<valueStart])
        let value = UnsafeRawBufferPointer(rebasing: packed[valueStart..<end])
        guard body(name, value) else { return }
        position = end
      }
    }
  }

  private func length(in packed: UnsafeRawBufferPointer, at position: Int) -> Int {
    let length = packed.loadUnaligned(fromByteOffset: position, as: UInt32.self)
    return Int(UInt32(littleEndian: length))
  }
}

/// Whether two ASCII texts differ in nothing but the case of letters.
func equalIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
  guard left.count == right.count else { return false }
  for index in 0..<left.count where lowercased(left[index]) != lowercased(right[index]) {
    return false
  }
  return true
}

@inline(__always)
private func lowercased(_ byte: UInt8) -> UInt8 {
  byte &- 0x41 < 26 ? byte | 0x20 : byte
}
