package import JSON

/// Expansion of many names, as when an Entity is read.
///
/// A view of a context's memory of names: one seen before costs neither a lock nor a `String`.
/// Make one for a request, and let no other task use it at the same time.
package struct ExpandedNames {
  private let terms: Terms
  /// Keeps `slots` alive.
  private var table: NameTable<Member>
  private var slots: NameSlots<Member>

  init(of terms: Terms) {
    self.terms = terms
    table = terms.expandedNames.table
    slots = table.slots
  }

  /// What a member's name means.
  package mutating func member(_ name: JSONValue) -> Member {
    withEntry(name) { member, _ in member }
  }

  /// Calls `body` with the expanded name, also as the contents of a JSON string.
  ///
  /// - Parameter name: A string or a member's name.
  package mutating func withEntry<Result>(
    _ name: JSONValue, _ body: (Member, UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    guard !name.hasEscapes else {
      let characters = Array((name.string ?? "").utf8)
      return characters.withUnsafeBufferPointer { withEntry(bytes: $0, body) }
    }
    return name.withContents { withEntry(bytes: $0, body) }
  }

  /// - Parameter name: UTF-8, not escaped.
  package mutating func withEntry<Result>(
    bytes name: UnsafeBufferPointer<UInt8>, _ body: (Member, UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    if let entry = slots.entry(of: name) {
      return body(entry.pointee.value, entry.pointee.contents)
    }
    let member = terms.member(String(decoding: name, as: UTF8.self))
    let contents = jsonContents(of: member.iri.text)
    table = terms.expandedNames.insert(name, contents: contents, value: member)
    slots = table.slots
    return contents.withUnsafeBufferPointer { body(member, $0) }
  }
}
