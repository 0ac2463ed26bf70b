/// A value of a row, or an element of an array in one.
///
/// The statement's text and the property that reads the cell agree by construction, so another
/// type, or NULL where `present` was not asked for, is a broken invariant.
package struct Cell {
  /// Keeps `encoded` alive.
  private let owner: Rows
  private let type: UInt32
  /// nil for NULL.
  private let encoded: UnsafeRawBufferPointer?

  init(owner: Rows, type: UInt32, encoded: UnsafeRawBufferPointer?) {
    self.owner = owner
    self.type = type
    self.encoded = encoded
  }

  package var isNull: Bool { encoded == nil }

  /// The cell itself, or nil for NULL: `row[0].present?.int`.
  package var present: Cell? { isNull ? nil : self }

  /// The value as it came.
  private func withEncoded<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let encoded else { preconditionFailure("The cell is NULL") }
    defer { withExtendedLifetime(owner) {} }
    return try body(encoded)
  }
}

extension Cell {
  package var bool: Bool {
    withEncoded { bytes in
      check(bytes.count == 1, "bool")
      return bytes[0] != 0
    }
  }

  /// An `int2`, `int4` or `int8`.
  package var int: Int { Int(int64) }

  /// An `int2`, `int4` or `int8`.
  package var int64: Int64 {
    withEncoded { bytes in
      switch (type, bytes.count) {
      case (PostgresType.int8.oid, 8): bytes.bigEndian(Int64.self)
      case (PostgresType.int4.oid, 4): Int64(bytes.bigEndian(Int32.self))
      case (PostgresType.int2.oid, 2): Int64(bytes.bigEndian(Int16.self))
      default: preconditionFailure("Type \(type) is no integer")
      }
    }
  }

  /// A `float8`.
  package var double: Double {
    withEncoded { bytes in
      check(type == PostgresType.float8.oid && bytes.count == 8, "float8")
      return Double(bitPattern: bytes.bigEndian(UInt64.self))
    }
  }

  package var timestamp: Timestamp {
    withEncoded { bytes in
      check(type == PostgresType.timestamptz.oid && bytes.count == 8, "timestamptz")
      return Timestamp(wire: bytes.bigEndian(Int64.self))
    }
  }

  /// The content of a `text`, `json`, `jsonb` or `bytea`.
  package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  /// The size of the value as it came, in bytes; 0 for NULL.
  package var byteCount: Int { encoded?.count ?? 0 }

  /// The content of a `text`, `json` or `jsonb`.
  package var string: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

  /// The content of a `text`, `json`, `jsonb` or `bytea`, without a copy.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withEncoded { bytes throws(Failure) in
      // The text of jsonb follows the version of the format.
      try body(
        type == PostgresType.jsonb.oid ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : bytes
      )
    }
  }

  /// The elements of a one-dimensional array: `row[0].elements.map(\.int)`.
  package var elements: [Cell] {
    withEncoded { bytes in
      let dimensions = bytes.bigEndian(Int32.self)
      check(dimensions == 0 || dimensions == 1, "array of one dimension")
      guard dimensions == 1 else { return [] }
      let elementType = bytes.bigEndian(UInt32.self, at: 8)
      var offset = 20
      return (0..<bytes.bigEndian(Int32.self, at: 12)).map { _ in
        let length = Int(bytes.bigEndian(Int32.self, at: offset))
        offset += 4
        guard length >= 0 else { return Cell(owner: owner, type: elementType, encoded: nil) }
        defer { offset += length }
        return Cell(
          owner: owner, type: elementType,
          encoded: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
      }
    }
  }

  private func check(_ isRight: Bool, _ expected: StaticString) {
    precondition(isRight, "Type \(type) is no \(expected)")
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func bigEndian<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ type: Integer.Type, at offset: Int = 0
  ) -> Integer {
    Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }
}
