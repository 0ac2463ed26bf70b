package import JSONLD
package import NGSILD

/// The conditions on an Entity that `q` and `csf` express.
///
/// Shape: `temperature>20;(brandName=="Audi"|!speed)`; `;` is AND and binds tighter than `|`, OR.
/// A tree holds no AND directly within an AND, no OR directly within an OR, and at least two
/// conditions in each.
///
/// Standard: query language (GS CIM 009, 4.9).
package indirect enum Query: Hashable, Sendable {
  case and([Query])
  case or([Query])
  case term(Term)

  /// One condition on what a path leads to.
  package struct Term: Hashable, Sendable {
    package let path: Path
    package let condition: Condition

    package init(_ path: Path, _ condition: Condition) {
      self.path = path
      self.condition = condition
    }
  }

  /// Where the target element of a term is.
  package indirect enum Path: Hashable, Sendable {
    case value(ValuePath)
    /// `relationship{types:path}`: a path within each Entity that the Relationship refers to.
    ///
    /// `types` are the hint which of these Entities are looked at, those with any of the types;
    /// empty for all.
    case linked(relationship: IRI, types: [IRI], path: Path)
  }

  /// What the target element is to be.
  package enum Condition: Hashable, Sendable {
    case exists
    /// `!path`.
    case absent
    /// `==`: the value, or an element of it, is among the operands.
    case equal(Operand)
    /// `!=`: the element exists, and neither its value nor an element of it is among the operands.
    case unequal(Operand)
    case ordered(Order, Value)
    /// `~=`: the value, or an element of it, is a string in which the pattern is found.
    case matches(Pattern)
    /// `!~=`: there are strings, and the pattern is found in none.
    case matchesNot(Pattern)
  }

  package enum Order: String, Hashable, Sendable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// What `==` and `!=` compare with.
  package enum Operand: Hashable, Sendable {
    /// One value or several.
    case anyOf([Value])
    /// `low..high`, both included; both are of one kind.
    case range(Value, Value)
  }

  package enum Value: Hashable, Sendable {
    case number(Double)
    case boolean(Bool)
    /// A string in double quotes, or a bare word.
    ///
    /// One that reads as a DateTime, Date or Time is compared as such with a target that does, too;
    /// `Temporal` tells.
    case string(String)
    case dateTime(DateTime)
    case date(Date)
    case time(Time)
    /// A bare URI, or a name that was expanded because its Attribute is in `expandValues`.
    case uri(IRI)
  }

  /// The AND of `queries`, of which there is at least one.
  package static func all(_ queries: [Query]) -> Query {
    let parts = queries.flatMap { query in
      if case .and(let parts) = query { parts } else { [query] }
    }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  /// The OR of `queries`, of which there is at least one.
  package static func any(_ queries: [Query]) -> Query {
    let parts = queries.flatMap { query in
      if case .or(let parts) = query { parts } else { [query] }
    }
    return parts.count == 1 ? parts[0] : .or(parts)
  }
}

/// The way from an Entity to a value within it.
///
/// Shape: `attribute.subAttribute.observedAt` or `attribute.subAttribute[member.member]`; an
/// Entity's own member, such as `createdAt`, stands alone. Used by `q` and `orderBy`.
package struct ValuePath: Hashable, Sendable {
  /// The Attribute, its sub-Attribute and so on; empty for a member of the Entity itself.
  package let attributes: [IRI]
  /// The member of the Entity or of the last Attribute that the path ends in, if any.
  package let member: CoreMember?
  /// The way within the last Attribute's value; of a LanguageProperty the language tag, or `*`.
  package let valueMembers: [String]

  /// A path of an Attribute.
  package init(_ attributes: [IRI], valueMembers: [String] = []) {
    precondition(!attributes.isEmpty)
    self.attributes = attributes
    member = nil
    self.valueMembers = valueMembers
  }

  /// A path of a member of an Attribute, or, without `attributes`, of the Entity.
  package init(_ attributes: [IRI] = [], member: CoreMember) {
    self.attributes = attributes
    self.member = member
    valueMembers = []
  }
}

/// A value as an instant, a day or a time of day, each comparable only with its own kind.
package enum Temporal: Hashable, Sendable {
  case dateTime(DateTime)
  case date(Date)
  case time(Time)

  /// Nil unless `text` has one of the three shapes.
  package init?(_ text: String) {
    guard let first = text.utf8.first, 48...57 ~= first else { return nil }
    if let dateTime = DateTime(text) {
      self = .dateTime(dateTime)
    } else if let date = Date(text) {
      self = .date(date)
    } else if let time = Time(text) {
      self = .time(time)
    } else {
      return nil
    }
  }
}

extension Query.Value {
  /// The instant, day or time that the value denotes, also as a string.
  package var temporal: Temporal? {
    switch self {
    case .dateTime(let dateTime): .dateTime(dateTime)
    case .date(let date): .date(date)
    case .time(let time): .time(time)
    case .string(let text): Temporal(text)
    case .number, .boolean, .uri: nil
    }
  }

  init(_ temporal: Temporal) {
    switch temporal {
    case .dateTime(let dateTime): self = .dateTime(dateTime)
    case .date(let date): self = .date(date)
    case .time(let time): self = .time(time)
    }
  }
}

// MARK: What a query refers to

extension Query {
  package var terms: [Term] {
    switch self {
    case .and(let parts), .or(let parts): parts.flatMap(\.terms)
    case .term(let term): [term]
    }
  }

  /// The Attributes of the Entity itself that the query refers to.
  ///
  /// Empty if it names only members such as `createdAt`; such a query does not restrict a request
  /// enough (GS CIM 009, 5.7.2.4).
  package var attributes: Set<IRI> { Set(terms.compactMap(\.path.attribute)) }

  /// All Attributes, also of linked Entities, and sub-Attributes that the query refers to.
  package var names: Set<IRI> { terms.reduce(into: []) { $0.formUnion($1.path.names) } }

  /// How many Relationships are followed one after the other at most; 0 if none is.
  ///
  /// A request has to grant them by `join` and `joinLevel` (4.5.23).
  package var linkDepth: Int { terms.map(\.path.linkDepth).max() ?? 0 }
}

extension Query.Path {
  fileprivate var attribute: IRI? {
    switch self {
    case .value(let path): path.attributes.first
    case .linked(let relationship, _, _): relationship
    }
  }

  fileprivate var names: [IRI] {
    switch self {
    case .value(let path): path.attributes
    case .linked(let relationship, _, let path): [relationship] + path.names
    }
  }

  fileprivate var linkDepth: Int {
    switch self {
    case .value: 0
    case .linked(_, _, let path): 1 + path.linkDepth
    }
  }

  /// The path within the last Entity.
  var valuePath: ValuePath {
    switch self {
    case .value(let path): path
    case .linked(_, _, let path): path.valuePath
    }
  }
}
