import JSON

/// A term's definition as it is written: a string, or an object of keywords.
///
/// Standard: JSON-LD 1.1, 9.15.1.
struct ExpandedTermDefinition {
  enum Identifier: Hashable {
    case absent
    /// `null`: the term stands for nothing.
    case none
    case reference(String)
  }

  private(set) var id = Identifier.absent
  /// `@reverse`, in place of `@id`.
  private(set) var reverse: String?
  private(set) var type: String?
  private(set) var prefix: Bool?
  /// Written as a bare string, which makes IRIs that end in a delimiter prefixes.
  private(set) var isSimple = false

  /// - Throws: the code of the first rule that `value` breaks; `term` stands in the detail.
  init(
    of term: String, from value: JSONValue, allowsScopedContext: Bool
  ) throws(JSONLDError) {
    switch value.kind {
    case .null: id = .none
    case .string:
      id = .reference(value.string ?? "")
      isSimple = true
    case .object:
      try read(value, of: term, allowsScopedContext: allowsScopedContext)
    default:
      throw JSONLDError(
        .invalidTermDefinition,
        "The term '\(term)' is \(value.excerpt); a string, an object or null is expected")
    }
  }

  private mutating func read(
    _ object: JSONValue, of term: String, allowsScopedContext: Bool
  ) throws(JSONLDError) {
    var containers: Set<String> = []
    var hasNest = false
    for (name, value) in object.members {
      let keyword = name.string ?? ""
      func requires(_ condition: Bool, _ code: JSONLDError.Code) throws(JSONLDError) {
        guard condition else {
          throw JSONLDError(code, "The \(keyword) of the term '\(term)' is \(value.excerpt)")
        }
      }
      switch keyword {
      case "@context":
        guard allowsScopedContext else {
          throw JSONLDError(
            .invalidScopedContext, "The term '\(term)' has an @context; NGSI-LD allows none there")
        }
      case "@id":
        try requires(value.isString || value.isNull, .invalidIRIMapping)
        id = value.string.map { .reference($0) } ?? .none
      case "@reverse":
        try requires(value.isString, .invalidIRIMapping)
        reverse = value.string
      case "@type":
        try requires(value.isString, .invalidTypeMapping)
        type = value.string
      case "@container":
        containers = Container.set(of: value)
        try requires(Container.isAllowed(containers), .invalidContainerMapping)
      case "@language": try requires(value.isString || value.isNull, .invalidLanguageMapping)
      case "@direction":
        try requires(
          value.isNull || value.isString("ltr") || value.isString("rtl"), .invalidBaseDirection)
      case "@index": try requires(value.isString, .invalidTermDefinition)
      case "@nest":
        hasNest = true
        let word = value.string ?? ""
        try requires(
          value.isString && (word == "@nest" || !Keyword.contains(word)), .invalidNestValue)
      case "@prefix":
        try requires(value.boolean != nil, .invalidPrefixValue)
        prefix = value.boolean
      case "@protected": try requires(value.boolean != nil, .invalidProtectedValue)
      default:
        throw JSONLDError(
          .invalidTermDefinition, "The term '\(term)' has the entry '\(keyword)', which is none")
      }
    }
    try checkTogether(term: term, object: object, containers: containers, hasNest: hasNest)
  }

  /// The rules on entries that exclude or need one another.
  private func checkTogether(
    term: String, object: JSONValue, containers: Set<String>, hasNest: Bool
  ) throws(JSONLDError) {
    if reverse != nil {
      guard id == .absent, !hasNest else {
        throw JSONLDError(
          .invalidReverseProperty, "The term '\(term)' has @reverse beside @id or @nest")
      }
      guard containers.isSubset(of: ["@set", "@index"]), containers.count <= 1 else {
        throw JSONLDError(
          .invalidReverseProperty, "The term '\(term)' has @reverse and another container than @set"
        )
      }
    }
    if object["@index"] != nil, !containers.contains("@index") {
      throw JSONLDError(
        .invalidTermDefinition, "The term '\(term)' has @index, but no container @index")
    }
    if prefix != nil, term.isIRIShaped {
      throw JSONLDError(
        .invalidTermDefinition, "The term '\(term)' cannot be a prefix: it has a ':' or a '/'")
    }
  }
}

/// The values of `@container` (JSON-LD 1.1, 9.15.1).
private enum Container {
  private static let alone: Set<String> = [
    "@graph", "@id", "@index", "@language", "@list", "@set", "@type",
  ]

  /// Empty for a value that is neither a string nor an array of strings, which is not allowed.
  static func set(of value: JSONValue) -> Set<String> {
    if let one = value.string { return [one] }
    let words = value.elements.compactMap(\.string)
    let set = Set(words)
    return words.count == value.count && set.count == words.count ? set : []
  }

  static func isAllowed(_ set: Set<String>) -> Bool {
    guard !set.isEmpty, set.isSubset(of: alone) else { return false }
    let rest = set.subtracting(["@set"])
    return switch rest.count {
    case 0: true
    case 1: rest != ["@list"] || set == ["@list"]
    case 2: rest == ["@graph", "@id"] || rest == ["@graph", "@index"]
    default: false
    }
  }
}

extension String {
  /// Whether a term of this form must mean itself: with a colon inside, or a slash.
  var isIRIShaped: Bool {
    let inner = utf8.dropFirst().dropLast()
    return inner.contains(UInt8(ascii: ":")) || utf8.contains(UInt8(ascii: "/"))
  }
}

extension JSONValue {
  /// The value as it stands, cut to a length that an error message bears.
  var excerpt: String {
    let lengthMax = 80
    let text = rawText
    return text.utf8.count <= lengthMax ? text : "\(text.prefix(lengthMax))…"
  }
}
