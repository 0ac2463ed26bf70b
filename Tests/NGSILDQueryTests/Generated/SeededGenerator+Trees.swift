import JSONLD
import NGSILD
import NGSILDQuery
import TestSupport

extension SeededGenerator {
  mutating func shortName() -> String {
    pick(["a", "b2", "speed", "größe", "日本", "a_b", "T", "名1"])
  }

  mutating func name() -> IRI {
    chance(70)
      ? iri(shortName())
      : IRI(pick(["urn:x:a.b", "https://x.org/v1.0/a;b,c(d)#e", "ex:a", "https://x.org/?a=b&c"]))
  }

  mutating func typeSelection() -> TypeSelection {
    chance(5) ? .any : .anyOf(list(1...4) { $0.list(1...3) { $0.name() } })
  }

  mutating func scopeQuery() -> ScopeQuery {
    ScopeQuery(alternatives: list(1...3) { $0.list(1...3) { $0.scopeTerm() } })
  }

  private mutating func scopeTerm() -> ScopeQuery.Term {
    let levels: [ScopeQuery.Term.Level] = list(0...4) {
      $0.chance(30) ? .any : .name($0.shortName())
    }
    return ScopeQuery.Term(levels: levels, includesDescendants: levels.isEmpty || chance(30))
  }

  // MARK: q

  mutating func query(depth: Int = 3) -> Query {
    switch depth > 0 ? number(0...3) : 0 {
    case 1: .all(list(1...3) { $0.query(depth: depth - 1) })
    case 2: .any(list(1...3) { $0.query(depth: depth - 1) })
    default: .term(Query.Term(path(), condition()))
    }
  }

  private mutating func path(depth: Int = 3) -> Query.Path {
    guard depth > 0, chance(15) else { return .value(valuePath()) }
    return .linked(
      relationship: name(), types: list(0...2) { $0.name() }, path: path(depth: depth - 1))
  }

  /// Leaves out members that hold names, whose operands are not read as they are written.
  mutating func valuePath() -> ValuePath {
    switch number(0...9) {
    case 0: ValuePath(member: pick([.id, .scope, .createdAt, .expiresAt, .observedAt, .lang]))
    case 1: ValuePath(list(1...2) { $0.name() }, member: pick([.observedAt, .unitCode, .lang]))
    case 2...4: ValuePath(list(1...2) { $0.name() }, valueMembers: list(1...3) { $0.valueMember() })
    default: ValuePath(list(1...3) { $0.name() })
    }
  }

  private mutating func valueMember() -> String {
    pick(["a", "*", "zh-Hans", "@none", "a.b", "", "x\"y", "é", "0", "]"])
  }

  private mutating func condition() -> Query.Condition {
    switch number(0...9) {
    case 0: .exists
    case 1: .absent
    case 2, 3: .equal(operand())
    case 4: .unequal(operand())
    case 5, 6: .ordered(pick([.less, .lessOrEqual, .greater, .greaterOrEqual]), comparable())
    case 7: .matches(pattern())
    case 8: .matchesNot(pattern())
    default: .equal(.anyOf([value()]))
    }
  }

  private mutating func operand() -> Query.Operand {
    guard chance(30) else { return .anyOf(list(1...3) { $0.value() }) }
    return switch number(0...2) {
    case 0: .range(.number(0.1), .number(5e20))
    case 1: .range(.string(string()), .string(string()))
    default: .range(.dateTime(dateTime()), .dateTime(dateTime()))
    }
  }

  private mutating func value() -> Query.Value {
    switch number(0...5) {
    case 0: .boolean(chance(50))
    case 1: .uri(name())
    default: comparable()
    }
  }

  private mutating func comparable() -> Query.Value {
    switch number(0...6) {
    case 0, 1: .number(pick([0, -1, 5, 80.25, 1e300, -2.5e-7, 1.0 / 3]))
    case 2, 3: .string(string())
    case 4: .dateTime(dateTime())
    case 5: .date(Date("2020-02-29")!)
    default: .time(Time("12:34:56.789Z")!)
    }
  }

  private mutating func string() -> String {
    list(0...6) {
      $0.pick(["a", " ", "\"", "\\", "\n", ";", "|", ")", "..", ",", "é", "😀", "\u{1}"])
    }
    .joined()
  }

  mutating func pattern() -> Pattern {
    let text = list(0...5) {
      $0.pick(["a", "[b;]", "(x|y)", ".*", "\"", "\\d", "\\\\", "é", "z{1,2}", ",", ";"])
    }.joined()
    return try! Pattern(text)
  }

  mutating func dateTime() -> DateTime {
    DateTime(
      microseconds: .random(
        in: DateTime.earliest.microseconds...DateTime.latest.microseconds, using: &self))
  }

  // MARK: Projection and ordering

  mutating func projectionTerms(depth: Int = 3) -> ProjectionTerms {
    ProjectionTerms(
      list(1...3) {
        guard $0.chance(80) else {
          return ProjectionTerms.Term(.core($0.pick(CoreMember.allCases)))
        }
        let linked = depth > 0 && $0.chance(30) ? $0.projectionTerms(depth: depth - 1) : nil
        return ProjectionTerms.Term(.attribute($0.name()), linked: linked)
      })
  }

  mutating func orderTerms() -> [Ordering.Term] {
    list(1...3) { Ordering.Term($0.valuePath(), $0.pick(Ordering.Direction.allCases)) }
  }
}
