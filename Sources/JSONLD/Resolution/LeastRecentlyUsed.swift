/// Values by key, of which the longest unused ones go when a bound is crossed.
///
/// The bounds are the number of values and the sum of their weights; crossing one frees an eighth
/// of both at once, so that the search for the oldest is rare.
struct LeastRecentlyUsed<Key: Hashable, Value> {
  private struct Slot {
    var value: Value
    var weight: Int
    var usedAt: UInt64
  }

  private let countMax: Int
  private let weightMax: Int
  private var slots: [Key: Slot] = [:]
  private var weight = 0
  /// Counts uses.
  private var uses: UInt64 = 0

  init(countMax: Int, weightMax: Int) {
    self.countMax = countMax
    self.weightMax = weightMax
  }

  var count: Int { slots.count }
  var values: some Sequence<Value> { slots.values.lazy.map(\.value) }

  /// The value of `key`, which counts as a use.
  mutating func use(_ key: Key) -> Value? {
    guard let index = slots.index(forKey: key) else { return nil }
    uses += 1
    slots.values[index].usedAt = uses
    return slots.values[index].value
  }

  /// Takes the value in; one that is heavier than an eighth of the bound is not kept.
  mutating func insert(_ value: Value, for key: Key, weight: Int) {
    remove(key)
    guard weight <= weightMax / 8 else { return }
    uses += 1
    slots[key] = Slot(value: value, weight: weight, usedAt: uses)
    self.weight += weight
    if slots.count > countMax || self.weight > weightMax { evict() }
  }

  mutating func remove(_ key: Key) {
    if let slot = slots.removeValue(forKey: key) { weight -= slot.weight }
  }

  mutating func removeAll(where isUnwanted: (Value) -> Bool) {
    for (key, slot) in slots where isUnwanted(slot.value) { remove(key) }
  }

  /// Sorts stamps, not slots, for those are costly to move.
  private mutating func evict() {
    let stamps = slots.values.map { (usedAt: $0.usedAt, weight: $0.weight) }
      .sorted { $0.usedAt < $1.usedAt }
    var (count, weight) = (slots.count, weight)
    var last: UInt64 = 0
    for stamp in stamps {
      guard count > countMax - countMax / 8 || weight > weightMax - weightMax / 8 else { break }
      count -= 1
      weight -= stamp.weight
      last = stamp.usedAt
    }
    for (key, slot) in slots where slot.usedAt <= last { remove(key) }
  }
}
