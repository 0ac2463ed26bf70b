import Synchronization

/// Values by the bytes of a name: a table that is read without a lock while it fills.
///
/// Open addressing; at most half of the slots are taken. Filled by `NameCache` alone.
final class NameTable<Value: Sendable>: @unchecked Sendable {
  // @unchecked: slots are atomics, an entry never changes once a slot shows it, and `insert` runs
  // only under the mutex of the one `NameCache` that knows the table.

  struct Entry {
    let hash: Int
    let name: UnsafeBufferPointer<UInt8>
    /// The other form of the name, as the contents of a JSON string.
    let contents: UnsafeBufferPointer<UInt8>
    let value: Value
  }

  private typealias Slot = Atomic<UnsafePointer<Entry>?>

  private let slots: UnsafeMutablePointer<Slot>
  private let slotCount: Int
  private let seed: UInt64
  /// Owns what the slots show; shared with the larger tables that took the entries over.
  private let store: EntryStore
  private(set) var count = 0

  convenience init() {
    self.init(slotCount: 64, seed: .random(in: .min ... .max), store: EntryStore())
  }

  private init(slotCount: Int, seed: UInt64, store: EntryStore) {
    self.slotCount = slotCount
    self.seed = seed
    self.store = store
    slots = .allocate(capacity: slotCount)
    for index in 0..<slotCount { (slots + index).initialize(to: Slot(nil)) }
  }

  deinit {
    slots.deinitialize(count: slotCount)
    slots.deallocate()
  }

  var isHalfFull: Bool { count * 2 >= slotCount }
  var byteCount: Int { store.byteCount }

  /// The entry of `name`, which lives as long as this table.
  func entry(of name: UnsafeBufferPointer<UInt8>) -> UnsafePointer<Entry>? {
    entry(of: name, hash: hash(name))
  }

  private func entry(
    of name: UnsafeBufferPointer<UInt8>, hash: Int
  ) -> UnsafePointer<Entry>? {
    var index = hash & (slotCount - 1)
    while let entry = slots[index].load(ordering: .acquiring) {
      if entry.pointee.hash == hash, hasSameBytes(entry.pointee.name, name) { return entry }
      index = (index + 1) & (slotCount - 1)
    }
    return nil
  }

  func insert(_ name: UnsafeBufferPointer<UInt8>, contents: [UInt8], value: Value) {
    let hash = hash(name)
    guard entry(of: name, hash: hash) == nil else { return }
    show(store.add(name, hash: hash, contents: contents, value: value))
  }

  /// A table with twice the slots and the same entries.
  func grown() -> NameTable {
    let table = NameTable(slotCount: slotCount * 2, seed: seed, store: store)
    for entry in store.entries { table.show(entry) }
    return table
  }

  private func show(_ entry: UnsafePointer<Entry>) {
    var index = entry.pointee.hash & (slotCount - 1)
    while slots[index].load(ordering: .relaxed) != nil { index = (index + 1) & (slotCount - 1) }
    slots[index].store(entry, ordering: .releasing)
    count += 1
  }

  /// Multiplies eight bytes at a time; the seed keeps clients from choosing names that collide.
  private func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    let bytes = UnsafeRawBufferPointer(name)
    var state = seed ^ UInt64(truncatingIfNeeded: bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      state = mixed(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    return Int(truncatingIfNeeded: mixed(state ^ rest))
  }

  private func mixed(_ word: UInt64) -> UInt64 {
    let product = (word ^ seed).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }
}

private func hasSameBytes(
  _ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>
) -> Bool {
  one.count == other.count && one.elementsEqual(other)
}

extension NameTable {
  /// Owner of entries and of their bytes; grows only, under the mutex of the `NameCache`.
  fileprivate final class EntryStore {
    private(set) var entries: [UnsafePointer<Entry>] = []
    private(set) var byteCount = 0

    func add(
      _ name: UnsafeBufferPointer<UInt8>, hash: Int, contents: [UInt8], value: Value
    ) -> UnsafePointer<Entry> {
      let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
      entry.initialize(
        to: Entry(hash: hash, name: copy(name), contents: copy(contents), value: value))
      entries.append(UnsafePointer(entry))
      return UnsafePointer(entry)
    }

    private func copy(_ bytes: some Collection<UInt8>) -> UnsafeBufferPointer<UInt8> {
      let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
      _ = buffer.initialize(from: bytes)
      byteCount += bytes.count
      return UnsafeBufferPointer(buffer)
    }

    deinit {
      for entry in entries {
        entry.pointee.name.deallocate()
        entry.pointee.contents.deallocate()
        let entry = UnsafeMutablePointer(mutating: entry)
        entry.deinitialize(count: 1)
        entry.deallocate()
      }
    }
  }
}
