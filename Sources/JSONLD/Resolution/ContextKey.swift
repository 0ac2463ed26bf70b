package import JSON

/// What a context is known by: its URL, or its text.
enum ContextKey: Hashable, Sendable {
  case url(IRI)
  case inline(InlineContext)

  var byteCount: Int {
    switch self {
    case .url(let url): url.text.utf8.count
    case .inline(let inline): inline.value.rawRange.count
    }
  }

  /// Without the request's text around it.
  var detached: ContextKey {
    guard case .inline(let inline) = self,
      let copy = try? JSONValue(parsing: inline.value.withRaw { Array($0) })
    else { return self }
    return .inline(InlineContext(copy))
  }
}

/// The value of an `@context`, compared by its bytes.
package struct InlineContext: Hashable, Sendable {
  package let value: JSONValue

  package init(_ value: JSONValue) { self.value = value }

  package static func == (one: InlineContext, other: InlineContext) -> Bool {
    one.value.withRaw { mine in other.value.withRaw { mine.elementsEqual($0) } }
  }

  package func hash(into hasher: inout Hasher) {
    value.withRaw { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
