/// A parsed JSON text: its bytes and a flat list of its nodes in document order.
///
/// Nodes point into the bytes, so that member order and the text of numbers survive, and unchanged
/// parts are copied as slices. A text is immutable and shared by all values that point into it.
package final class JSONText: Sendable {
  package let bytes: [UInt8]
  let nodes: [Node]
  /// Whether white space stands between tokens; without it a slice is already minimal.
  let hasWhitespace: Bool
  /// Whether characters are escaped that can stand for themselves, such as `\u00e9`.
  let hasNeedlessEscapes: Bool

  init(bytes: [UInt8], nodes: [Node], hasWhitespace: Bool, hasNeedlessEscapes: Bool) {
    self.bytes = bytes
    self.nodes = nodes
    self.hasWhitespace = hasWhitespace
    self.hasNeedlessEscapes = hasNeedlessEscapes
  }

  /// Whether a slice of it can be copied as it stands.
  var isMinimal: Bool { !hasWhitespace && !hasNeedlessEscapes }

  /// The outermost value.
  package var root: JSONValue { JSONValue(text: self, index: 0) }
}

/// One value, or one member name, of a text. 16 bytes.
struct Node {
  enum Kind: UInt8 { case object, array, string, escapedString, number, yes, no, null }

  /// First byte of the value in the text; of a string, the one after its quote.
  var start: UInt32
  /// The byte after the value; of a string, its closing quote.
  var end: UInt32
  /// Index of the node after this value and all its descendants.
  var next: UInt32
  /// Members of an object, elements of an array; 24 bits.
  private var kindAndCount: UInt32

  var kind: Kind {
    get { Kind(rawValue: UInt8(truncatingIfNeeded: kindAndCount)).unsafelyUnwrapped }
    set { kindAndCount = kindAndCount & ~0xFF | UInt32(newValue.rawValue) }
  }
  var count: Int {
    get { Int(kindAndCount >> 8) }
    set { kindAndCount = kindAndCount & 0xFF | UInt32(newValue) << 8 }
  }

  init(kind: Kind, start: Int, end: Int = 0, next: Int = 0) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
    self.next = UInt32(truncatingIfNeeded: next)
    kindAndCount = UInt32(kind.rawValue)
  }
}
