import Glibc

/// A value whose text someone else keeps alive: reading it counts no references.
///
/// For loops over many members. It must not leave the `withView` that it comes from; `value` may.
package struct JSONView {
  fileprivate let text: Unmanaged<JSONText>
  fileprivate let bytes: UnsafePointer<UInt8>
  fileprivate let nodes: UnsafePointer<Node>
  fileprivate let index: Int

  private var node: Node { nodes[index] }

  package var value: JSONValue { JSONValue(text: text.takeUnretainedValue(), index: index) }

  package var isObject: Bool { node.kind == .object }
  package var isArray: Bool { node.kind == .array }
  package var isString: Bool { node.kind == .string || hasEscapes }
  package var hasEscapes: Bool { node.kind == .escapedString }

  /// Members of an object or elements of an array; 0 for a scalar.
  package var count: Int { isObject || isArray ? node.count : 0 }

  /// A string's bytes between its quotes, escapes unresolved; of another value all its bytes.
  package var contents: UnsafeBufferPointer<UInt8> {
    let node = node
    return UnsafeBufferPointer(start: bytes + Int(node.start), count: Int(node.end - node.start))
  }

  /// All bytes, those of strings with quotes.
  fileprivate var raw: UnsafeBufferPointer<UInt8> {
    let contents = contents
    guard node.kind == .string || node.kind == .escapedString else { return contents }
    return UnsafeBufferPointer(
      start: contents.baseAddress.map { $0 - 1 }, count: contents.count + 2)
  }

  fileprivate var isCopiedAsItStands: Bool {
    !isObject && !isArray || text._withUnsafeGuaranteedRef { !$0.hasWhitespace }
  }

  /// Whether this is the string `expected`, written without escapes.
  package func isString(_ expected: StaticString) -> Bool {
    guard node.kind == .string else { return false }
    let contents = contents
    return contents.count == expected.utf8CodeUnitCount
      && memcmp(contents.baseAddress!, expected.utf8Start, contents.count) == 0
  }

  /// Name and value of each member; empty unless an object.
  package var members: Members {
    Members(position: nested(at: index + 1), remaining: isObject ? node.count : 0)
  }

  /// Empty unless an array.
  package var elements: Elements {
    Elements(position: nested(at: index + 1), remaining: isArray ? node.count : 0)
  }

  /// The member called `name`; nil if there is none or this is no object.
  package subscript(_ name: StaticString) -> JSONView? {
    for member in members where member.name.isString(name) { return member.value }
    return nil
  }

  private func nested(at index: Int) -> JSONView {
    JSONView(text: text, bytes: bytes, nodes: nodes, index: index)
  }

  /// The value or member name that stands after this one in the text.
  private var following: JSONView { nested(at: Int(node.next)) }

  package struct Members: Sequence, IteratorProtocol {
    fileprivate var position: JSONView
    fileprivate var remaining: Int

    package mutating func next() -> (name: JSONView, value: JSONView)? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      let name = position
      let value = name.following
      position = value.following
      return (name, value)
    }
  }

  package struct Elements: Sequence, IteratorProtocol {
    fileprivate var position: JSONView
    fileprivate var remaining: Int

    package mutating func next() -> JSONView? {
      guard remaining > 0 else { return nil }
      remaining -= 1
      let element = position
      position = element.following
      return element
    }
  }
}

extension JSONValue {
  /// Calls `body` with a view of this value.
  package func withView<Result, Failure: Error>(
    _ body: (JSONView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try text.bytes.withUnsafeBufferPointer { bytes throws(Failure) in
      try text.nodes.withUnsafeBufferPointer { nodes throws(Failure) in
        guard let first = bytes.baseAddress, let root = nodes.baseAddress else {
          preconditionFailure("A parsed text has bytes and nodes")
        }
        return try body(
          JSONView(text: .passUnretained(text), bytes: first, nodes: root, index: index))
      }
    }
  }
}

extension JSONWriter {
  /// Copies a value as its bytes stand, less the white space between its tokens.
  package mutating func value(_ view: JSONView) {
    if view.isCopiedAsItStands { raw(view.raw) } else { value(view.value) }
  }

  /// Copies members that stand next to one another, in a text without white space, at once.
  ///
  /// - Parameters:
  ///   - first: The name of the first of them.
  ///   - last: The value of the last of them.
  package mutating func members(from first: JSONView, through last: JSONView) {
    guard let start = first.raw.baseAddress, let end = last.raw.baseAddress else { return }
    raw(UnsafeBufferPointer(start: start, count: end - start + last.raw.count))
  }
}
