/// The parameters of a statement, in PostgreSQL's binary format, in one buffer.
package struct Parameters: Sendable, Hashable {
  struct Slot: Sendable, Hashable {
    let type: PostgresType
    /// Where the value begins in `bytes`.
    var offset: Int
    /// Bytes; nil for NULL.
    let length: Int?
  }

  private(set) var bytes: [UInt8] = []
  private(set) var slots: [Slot] = []

  /// Parameters in the order of `$1`, `$2`, ...
  package init<each Value: ParameterValue>(_ values: repeat each Value) {
    repeat append(each values)
  }

  package var count: Int { slots.count }

  package mutating func append(_ value: some ParameterValue) {
    add(type(of: value).postgresType, isNull: value.isNull) { value.encode(into: &$0) }
  }

  package mutating func append(contentsOf other: Parameters) {
    guard other.count > 0 else { return }
    let shift = bytes.count
    bytes.append(contentsOf: other.bytes)
    for var slot in other.slots {
      slot.offset += shift
      slots.append(slot)
    }
  }

  mutating func add(_ type: PostgresType, isNull: Bool, encode: (inout [UInt8]) -> Void) {
    let offset = bytes.count
    if !isNull { encode(&bytes) }
    slots.append(
      Slot(type: type, offset: offset, length: isNull ? nil : bytes.count - offset))
  }
}

extension Parameters: CustomStringConvertible {
  /// Type and bytes of each, for a failing test; values are never logged.
  package var description: String {
    let values = slots.enumerated().map { index, slot in
      let value = slot.length.map { "\(Array(bytes[slot.offset..<slot.offset + $0]))" } ?? "NULL"
      return "$\(index + 1) type \(slot.type.oid): \(value)"
    }
    return values.joined(separator: ", ")
  }
}
