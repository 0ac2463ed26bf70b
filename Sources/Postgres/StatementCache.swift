/// Which statements a connection has prepared, and which it should prepare.
///
/// A `Statement` is prepared at its first use, any other text at its second, so that queries that
/// are composed and never come back cost neither a name nor room in the server.
struct StatementCache {
  enum Use: Equatable {
    /// Parse it with this use alone.
    case unnamed
    /// Prepare it under this name, then run it; report what became of it under the key.
    case prepare(name: Int, key: Int)
    case prepared(name: Int)
  }

  private enum State {
    case seen
    /// Sent, not yet answered: a flight that is sent now may not rely on it.
    case preparing(name: Int)
    case prepared(name: Int)
  }

  private struct Entry {
    let source: SQL.Source
    let types: [PostgresType]
    var state: State
    var lastUse: Int

    func isFor(_ sql: SQL) -> Bool {
      types.elementsEqual(sql.parameters.slots.lazy.map(\.type)) && source == sql.source
    }
  }

  private let capacity: Int
  private var entries: [Int: Entry] = [:]
  private var uses = 0
  private var lastName = 0
  /// Prepared statements that the cache has dropped and the server has not.
  private(set) var discarded: [Int] = []

  init(capacity: Int) { self.capacity = capacity }

  mutating func use(_ sql: SQL) -> Use {
    uses += 1
    let key = Self.key(sql)
    guard let entry = entries[key], entry.isFor(sql) else { return add(sql, under: key) }
    entries[key]?.lastUse = uses
    switch entry.state {
    case .seen: return prepare(key)
    case .preparing: return .unnamed
    case .prepared(let name): return .prepared(name: name)
    }
  }

  mutating func preparationSucceeded(_ key: Int) {
    guard case .preparing(let name) = entries[key]?.state else { return }
    entries[key]?.state = .prepared(name: name)
  }

  mutating func preparationFailed(_ key: Int) { entries[key] = nil }

  mutating func takeDiscarded() -> [Int] {
    defer { discarded = [] }
    return discarded
  }

  /// Remembers names that could not be deallocated yet.
  mutating func putBack(_ names: [Int]) { discarded += names }

  private mutating func add(_ sql: SQL, under key: Int) -> Use {
    if let rival = entries[key] {
      // The same hash for another text: it keeps the entry while an answer is due for it.
      if case .preparing = rival.state { return .unnamed }
      remove(key)
    } else if entries.count >= capacity {
      guard removeLeastRecentlyUsed() else { return .unnamed }
    }
    entries[key] = Entry(
      source: sql.source, types: sql.parameters.slots.map(\.type), state: .seen, lastUse: uses)
    return if case .statement = sql.source { prepare(key) } else { .unnamed }
  }

  private mutating func prepare(_ key: Int) -> Use {
    lastName += 1
    entries[key]?.state = .preparing(name: lastName)
    return .prepare(name: lastName, key: key)
  }

  private mutating func removeLeastRecentlyUsed() -> Bool {
    let candidates = entries.lazy.filter {
      if case .preparing = $0.value.state { false } else { true }
    }
    guard let oldest = candidates.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
      return false
    }
    remove(oldest.key)
    return true
  }

  private mutating func remove(_ key: Int) {
    if case .prepared(let name) = entries.removeValue(forKey: key)?.state { discarded.append(name) }
  }

  private static func key(_ sql: SQL) -> Int {
    var key =
      switch sql.source {
      case .statement(let statement): statement.textHash
      case .template(let template): template.withUnsafeBytes(hash)
      }
    for slot in sql.parameters.slots { key = key &* 31 &+ Int(slot.type.oid) }
    return key
  }
}

/// The hash of the bytes as a whole; that of an array is made of one byte after the other.
private func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
  var hasher = Hasher()
  hasher.combine(bytes: bytes)
  return hasher.finalize()
}
