package import JSON

/// Compaction of many names, as when Entities are written.
///
/// A view of a context's memory of names: one seen before costs neither a lock nor a `String`.
/// Make one for a response, and let no other task use it at the same time.
package struct CompactedNames {
  private let terms: Terms
  /// Keeps `slots` alive.
  private var table: NameTable<Void>
  private var slots: NameSlots<Void>

  init(of terms: Terms) {
    self.terms = terms
    table = terms.compactedNames.table
    slots = table.slots
  }

  /// Appends the name of `iri`, as the contents of a JSON string, escaped and without quotes.
  ///
  /// - Parameter iri: UTF-8, not escaped.
  package mutating func append(_ iri: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
    withContents(of: iri) { bytes.append(contentsOf: $0) }
  }

  /// Calls `body` with the name of an IRI that stands in a JSON text.
  package mutating func withContents<Result>(
    of iri: JSONValue, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    guard !iri.hasEscapes else {
      let characters = Array((iri.string ?? "").utf8)
      return characters.withUnsafeBufferPointer { withContents(of: $0, body) }
    }
    return iri.withContents { withContents(of: $0, body) }
  }

  /// Calls `body` with the name of `iri`, as the contents of a JSON string.
  package mutating func withContents<Result>(
    of iri: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    if let entry = slots.entry(of: iri) { return body(entry.pointee.contents) }
    let contents = jsonContents(of: terms.compact(String(decoding: iri, as: UTF8.self)))
    table = terms.compactedNames.insert(iri, contents: contents, value: ())
    slots = table.slots
    return contents.withUnsafeBufferPointer(body)
  }
}
