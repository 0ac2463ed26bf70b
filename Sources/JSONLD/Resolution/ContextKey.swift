import JSON

/// What a context is known by: its URL, or its text.
enum ContextKey: Hashable, Sendable {
  case url(String)
  case inline(InlineContext)

  var byteCount: Int {
    switch self {
    case .url(let url): url.utf8.count
    case .inline(let inline): inline.value.rawRange.count
    }
  }

  /// Without the request's text around it.
  var detached: ContextKey {
    guard case .inline(let inline) = self,
      let copy = try? JSONValue(parsing: inline.value.withRaw { Array($0) })
    else { return self }
    return .inline(InlineContext(value: copy))
  }
}

/// An inline context, compared by its bytes.
struct InlineContext: Hashable, Sendable {
  let value: JSONValue

  static func == (one: InlineContext, other: InlineContext) -> Bool {
    one.value.withRaw { mine in other.value.withRaw { mine.elementsEqual($0) } }
  }

  func hash(into hasher: inout Hasher) {
    value.withRaw { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
