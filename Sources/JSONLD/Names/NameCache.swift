import Synchronization

/// The memory of names that a context has expanded or compacted.
///
/// A reader takes `table` once for many names, and looks them up without a lock.
final class NameCache<Value: Sendable>: Sendable {
  /// Beyond one of these bounds the memory starts anew, so that names in use displace idle ones.
  static var namesMax: Int { 8192 }
  static var bytesMax: Int { 512 << 10 }
  /// Longer names are worked out each time.
  static var nameBytesMax: Int { 1024 }

  private let current = Mutex<NameTable<Value>?>(nil)

  var table: NameTable<Value> {
    current.withLock { Self.table(in: &$0) }
  }

  /// Remembers `name`, and returns the table to go on with.
  func insert(
    _ name: UnsafeBufferPointer<UInt8>, contents: [UInt8], value: Value
  ) -> NameTable<Value> {
    current.withLock { current in
      var table = Self.table(in: &current)
      guard name.count <= Self.nameBytesMax, contents.count <= Self.nameBytesMax else {
        return table
      }
      if table.count >= Self.namesMax || table.byteCount >= Self.bytesMax {
        table = NameTable()
      } else if table.isHalfFull {
        table = table.grown()
      }
      table.insert(name, contents: contents, value: value)
      current = table
      return table
    }
  }

  private static func table(in current: inout NameTable<Value>?) -> NameTable<Value> {
    if let current { return current }
    let table = NameTable<Value>()
    current = table
    return table
  }
}
