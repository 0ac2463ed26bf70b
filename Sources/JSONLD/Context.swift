package import JSON

/// The active context of a request: what its terms mean, and how an answer shows it.
///
/// The user's terms lie under those of the Core, which always win. Made by a `ContextResolver`.
///
/// Standard: GS CIM 009, 4.4 and 5.5.7.
package final class Context: Sendable {
  /// The Core, with no user context.
  package static let core = Context(
    terms: .core, source: nil, linkURL: nil, namesCore: false)

  let terms: Terms

  /// The user's `@context` value as JSON; nil if there is none.
  package let source: [UInt8]?

  /// The `@context` value that a body shows, as JSON.
  ///
  /// The user's value as it came if it names the Core somewhere, else followed by the Core's URL.
  ///
  /// Standard: GS CIM 009, 6.3.6.
  package let bodyValue: [UInt8]

  /// The URL for a `Link` header: the user's one URL, or the Core's.
  ///
  /// Nil for a user context that is inline or several in an array: hosted, it could be linked.
  package let linkURL: String?

  /// The one URL that says all of an `@context` value: also that of an array whose other elements
  /// name the Core. Nil if there is none.
  package static func url(of value: JSONValue) -> String? {
    guard value.isArray else { return value.string }
    let others = value.elements.filter { element in
      element.string.map { !CoreContext.isCore(url: $0) } ?? true
    }
    return others.count == 1 ? others[0].string : nil
  }

  /// This context, linked at a URL where its value can be had.
  package func linked(at url: String) -> Context { Context(self, linkURL: url) }

  private init(_ other: Context, linkURL: String) {
    terms = other.terms
    source = other.source
    bodyValue = other.bodyValue
    self.linkURL = linkURL
  }

  init(terms: Terms, source: JSONValue?, linkURL: String?, namesCore: Bool) {
    self.terms = terms
    self.source = source.map { value in
      var writer = JSONWriter()
      writer.value(value)
      return writer.bytes
    }
    self.linkURL = source == nil ? CoreContext.url : linkURL
    bodyValue = Self.bodyValue(showing: source, namesCore: namesCore)
  }

  private static func bodyValue(showing source: JSONValue?, namesCore: Bool) -> [UInt8] {
    var writer = JSONWriter()
    guard let source else {
      writer.string(CoreContext.url)
      return writer.bytes
    }
    guard !namesCore else {
      writer.value(source)
      return writer.bytes
    }
    writer.beginArray()
    if source.isArray {
      for element in source.elements { writer.value(element) }
    } else {
      writer.value(source)
    }
    writer.string(CoreContext.url)
    writer.endArray()
    return writer.bytes
  }
}

// MARK: Single names

extension Context {
  /// The expanded name; never fails. What begins with `@` comes back as it is.
  package func expand(_ name: String) -> IRI { IRI(terms.expand(name)) }

  /// The name by which this context calls `iri`; the IRI itself if by none.
  package func compact(_ iri: IRI) -> String { terms.compact(iri.text) }

  /// What the name of a member means.
  package func member(_ name: String) -> Member { terms.member(name) }

  /// The Core's term for `iri`, also for `@id` and `@type`; no user context plays a part.
  package static func coreTerm(for iri: IRI) -> CoreTerm? { Terms.core.coreTerm(for: iri.text) }
}

// MARK: Many names

extension Context {
  package var expandedNames: ExpandedNames { ExpandedNames(of: terms) }
  package var compactedNames: CompactedNames { CompactedNames(of: terms) }

  /// The name of the IRI with these UTF-8 bytes, as the contents of a JSON string.
  package func compactContents(of iri: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    var names = compactedNames
    return names.withContents(of: iri) { Array($0) }
  }
}
