import Glibc
package import JSON
import JSONLD

/// Entities as they were written last: one that has not changed since is copied, not written again.
///
/// It knows an Entity by all bytes of its stored form, so that nobody has to tell it of changes and
/// it cannot answer with the past.
package struct WrittenEntities {
  /// A representation that shows all of an Entity, whatever the Entity is.
  private struct View: Hashable {
    let context: ObjectIdentifier
    let format: Representation.Format
    let showsSystemAttributes: Bool
    let embedsContext: Bool

    init?(_ representation: Representation) {
      guard representation.isOfWholeEntities else { return nil }
      context = ObjectIdentifier(representation.context)
      format = representation.format
      showsSystemAttributes = representation.showsSystemAttributes
      embedsContext = representation.embedsContext
    }
  }

  private struct Key: Hashable {
    let view: View
    /// Of what the stored form begins with: the id, as a rule. Entities that share it take turns.
    let mark: UInt64

    init(_ view: View, _ document: [UInt8]) {
      self.view = view
      var mark: UInt64 = 0
      document.withUnsafeBytes { bytes in
        for index in stride(from: 0, to: min(bytes.count, Self.markedCount) & ~7, by: 8) {
          mark ^= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          mark = (mark ^ mark >> 32) &* 0x9E37_79B9_7F4A_7C15
        }
      }
      self.mark = mark
    }

    /// Few views are in use at a time: what tells Entities apart is enough.
    func hash(into hasher: inout Hasher) { hasher.combine(mark) }

    private static let markedCount = 96
  }

  private struct Entry {
    let document: [UInt8]
    let written: [UInt8]
    /// Keeps the `@context` alive, so that no other one gets its identity.
    let context: Context

    var size: Int { document.count + written.count + 200 }
  }

  /// Two generations: what was not asked for while the younger one filled up goes with the older.
  private var younger: [Key: Entry] = [:]
  private var older: [Key: Entry] = [:]
  private var youngerSize = 0
  private let sizeMax: Int

  /// - Parameter sizeMax: bytes kept in all, about.
  package init(sizeMax: Int) { self.sizeMax = sizeMax }

  /// Writes an Entity as `representation.write(stored:)` does, or copies what that wrote.
  ///
  /// Returns whether any member was left to show; nothing is written if not.
  @discardableResult
  package mutating func write(
    _ entity: StoredEntity, as representation: Representation, at now: DateTime,
    to writer: inout JSONWriter
  ) -> Bool {
    guard let view = View(representation) else {
      return representation.write(stored: entity.value, at: now, to: &writer)
    }
    let key = Key(view, entity.document)
    if let known = entry(key), known.document.isSame(as: entity.document) {
      writer.raw(known.written)
      return true
    }
    let start = writer.bytes.count
    guard representation.write(stored: entity.value, at: now, to: &writer) else { return false }
    let written = writer.bytes[start...].drop { $0 == UInt8(ascii: ",") }
    remember(
      Entry(
        document: entity.document, written: Array(written), context: representation.context),
      as: key)
    return true
  }

  private mutating func entry(_ key: Key) -> Entry? {
    if let entry = younger[key] { return entry }
    guard let entry = older.removeValue(forKey: key) else { return nil }
    add(entry, as: key)
    return entry
  }

  private mutating func remember(_ entry: Entry, as key: Key) {
    guard entry.size < sizeMax / 64, !entry.document.mentionsExpiry else { return }
    add(entry, as: key)
  }

  private mutating func add(_ entry: Entry, as key: Key) {
    youngerSize += entry.size - (younger.updateValue(entry, forKey: key)?.size ?? 0)
    guard youngerSize > sizeMax / 2 else { return }
    older = younger
    younger = [:]
    youngerSize = 0
  }
}

extension Representation {
  /// Whether nothing but the Entity and the time decides what is written.
  fileprivate var isOfWholeEntities: Bool {
    members == .all && datasets == nil && links == nil && language == nil && olderVersion == nil
  }
}

extension [UInt8] {
  /// `==`, of which the specialised one compares byte by byte.
  fileprivate func isSame(as other: [UInt8]) -> Bool {
    guard count == other.count else { return false }
    return withUnsafeBytes { bytes in
      other.withUnsafeBytes { memcmp(bytes.baseAddress!, $0.baseAddress!, count) == 0 }
    }
  }

  /// Whether something of the Entity may expire, so that the time decides what is written.
  fileprivate var mentionsExpiry: Bool {
    let name: StaticString = "\"expiresAt\""
    // The rarest of its letters, which `memchr` finds faster than any loop here.
    let (rare, place) = (Int32(UInt8(ascii: "x")), 2)
    return withUnsafeBytes { bytes in
      guard var start = bytes.baseAddress else { return false }
      let end = start + bytes.count
      while let found = memchr(start, rare, end - start) {
        let first = UnsafeRawPointer(found) - place
        if first >= bytes.baseAddress!, end - first >= name.utf8CodeUnitCount,
          memcmp(first, name.utf8Start, name.utf8CodeUnitCount) == 0
        {
          return true
        }
        start = UnsafeRawPointer(found) + 1
      }
      return false
    }
  }
}
