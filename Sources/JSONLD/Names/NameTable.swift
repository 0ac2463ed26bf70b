import Synchronization

/// Values by the bytes of a name: a table that is read without a lock while it fills.
///
/// Filled by `NameCache` alone.
final class NameTable<Value: Sendable>: @unchecked Sendable {
  // @unchecked: the slots are atomics, an entry never changes once a slot shows it, and `insert`
  // runs only under the mutex of the one `NameCache` that knows the table.

  /// Where to look; good as long as the table lives.
  let slots: NameSlots<Value>
  /// Owns what the slots show; shared with the larger tables that took the entries over.
  private let store: EntryStore
  private(set) var count = 0

  convenience init() {
    self.init(slots: NameSlots(count: 64, seed: .random(in: .min ... .max)), store: EntryStore())
  }

  private init(slots: NameSlots<Value>, store: EntryStore) {
    self.slots = slots
    self.store = store
  }

  deinit { slots.deallocate() }

  var isHalfFull: Bool { count * 2 >= slots.count }
  var byteCount: Int { store.byteCount }

  func insert(_ name: UnsafeBufferPointer<UInt8>, contents: [UInt8], value: Value) {
    guard slots.entry(of: name) == nil else { return }
    show(store.add(name, hash: slots.hash(name), contents: contents, value: value))
  }

  /// A table with twice the slots and the same entries.
  func grown() -> NameTable {
    let table = NameTable(
      slots: NameSlots(count: slots.count * 2, seed: slots.seed), store: store)
    for entry in store.entries { table.show(entry) }
    return table
  }

  private func show(_ entry: UnsafePointer<NameEntry<Value>>) {
    slots.show(entry)
    count += 1
  }
}

struct NameEntry<Value: Sendable> {
  let hash: Int
  let name: UnsafeBufferPointer<UInt8>
  /// The other form of the name, as the contents of a JSON string.
  let contents: UnsafeBufferPointer<UInt8>
  let value: Value
}

/// The slots of a `NameTable`: open addressing, at most half of them taken.
///
/// Apart from the table, so that a look-up counts no references.
struct NameSlots<Value: Sendable> {
  private typealias Slot = Atomic<UnsafePointer<NameEntry<Value>>?>

  private let slots: UnsafeMutablePointer<Slot>
  /// A power of two.
  let count: Int
  /// Keeps clients from choosing names that collide.
  let seed: UInt64

  init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
    slots = .allocate(capacity: count)
    for index in 0..<count { (slots + index).initialize(to: Slot(nil)) }
  }

  func deallocate() {
    slots.deinitialize(count: count)
    slots.deallocate()
  }

  func entry(of name: UnsafeBufferPointer<UInt8>) -> UnsafePointer<NameEntry<Value>>? {
    let hash = hash(name)
    var index = hash & (count - 1)
    while let entry = slots[index].load(ordering: .acquiring) {
      if entry.pointee.hash == hash, hasSameBytes(entry.pointee.name, name) { return entry }
      index = (index + 1) & (count - 1)
    }
    return nil
  }

  func show(_ entry: UnsafePointer<NameEntry<Value>>) {
    var index = entry.pointee.hash & (count - 1)
    while slots[index].load(ordering: .relaxed) != nil { index = (index + 1) & (count - 1) }
    slots[index].store(entry, ordering: .releasing)
  }

  /// Multiplies eight bytes at a time.
  func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
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

/// Compares eight bytes at a time; the last eight may overlap those before.
func hasSameBytes(
  _ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>
) -> Bool {
  guard one.count == other.count else { return false }
  let (one, other) = (UnsafeRawBufferPointer(one), UnsafeRawBufferPointer(other))
  guard one.count >= 8 else { return one.elementsEqual(other) }
  func isSameWord(at offset: Int) -> Bool {
    one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      == other.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
  for offset in stride(from: 0, to: one.count - 8, by: 8) where !isSameWord(at: offset) {
    return false
  }
  return isSameWord(at: one.count - 8)
}

extension NameTable {
  /// Owner of entries and of their bytes; grows only, under the mutex of the `NameCache`.
  fileprivate final class EntryStore {
    private(set) var entries: [UnsafePointer<NameEntry<Value>>] = []
    private(set) var byteCount = 0

    func add(
      _ name: UnsafeBufferPointer<UInt8>, hash: Int, contents: [UInt8], value: Value
    ) -> UnsafePointer<NameEntry<Value>> {
      let entry = UnsafeMutablePointer<NameEntry<Value>>.allocate(capacity: 1)
      entry.initialize(
        to: NameEntry(hash: hash, name: copy(name), contents: copy(contents), value: value))
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
