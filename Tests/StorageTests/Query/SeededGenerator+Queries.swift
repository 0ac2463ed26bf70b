import JSONLD
import NGSILD
import NGSILDQuery
import TestSupport

/// Random queries over the names and values of random Entities.
extension SeededGenerator {
  private func iri(_ name: String) -> IRI { Context.core.expand(name) }

  mutating func query(depth: Int = 2) -> Query {
    switch depth > 0 ? number(0...4) : 0 {
    case 1: .all(list(2...3) { $0.query(depth: depth - 1) })
    case 2: .any(list(2...3) { $0.query(depth: depth - 1) })
    default: .term(term())
    }
  }

  mutating func term() -> Query.Term {
    let value = valuePath()
    var path = Query.Path.value(value)
    while chance(20) {
      path = .linked(
        relationship: iri(pick(Self.attributeNames + ["unheardOf"])),
        types: chance(30) ? list(1...2) { $0.iri($0.pick(Self.typeNames + ["Unheard"])) } : [],
        path: path)
    }
    return Query.Term(path, condition(on: value))
  }

  private mutating func valuePath() -> ValuePath {
    if chance(12) {
      return ValuePath(member: pick([.createdAt, .modifiedAt, .expiresAt, .id, .type, .scope]))
    }
    let attributes =
      [iri(pick(Self.attributeNames + ["unheardOf"]))]
      + (chance(20) ? [iri(pick(["s", "b"]))] : [])
    switch number(0...9) {
    case 0:
      return ValuePath(
        attributes,
        member: pick([
          .observedAt, .expiresAt, .createdAt, .unitCode, .datasetId, .objectType, .deletedAt,
        ]))
    case 1...3:
      return ValuePath(
        attributes,
        valueMembers: list(1...2) { $0.pick(["k", "l", "m", "en", "fr", "@none", "*", "type"]) })
    default: return ValuePath(attributes)
    }
  }

  private mutating func condition(on path: ValuePath) -> Query.Condition {
    let times: Set<NGSILDQuery.CoreMember> = [.observedAt, .createdAt, .modifiedAt, .expiresAt]
    // The times of Attributes are kept as instants only: other texts are not compared with them.
    let isTime = path.member.map(times.contains) ?? false
    switch number(0...11) {
    case 0: return .exists
    case 1: return .absent
    case 2...4: return .equal(operand(isTime))
    case 5: return .unequal(operand(isTime))
    case 6...8:
      let order = pick([.less, .lessOrEqual, .greater, .greaterOrEqual] as [Query.Order])
      return .ordered(order, isTime ? dateTime() : ordered())
    case 9 where !isTime: return .matches(pattern())
    case 10 where !isTime: return .matchesNot(pattern())
    default: return .equal(.anyOf([isTime ? dateTime() : value()]))
    }
  }

  private mutating func operand(_ isTime: Bool) -> Query.Operand {
    guard chance(30) else { return .anyOf(list(1...3) { isTime ? $0.dateTime() : $0.value() }) }
    if isTime { return .range(dateTime(), dateTime()) }
    return switch number(0...4) {
    case 0: .range(number(), number())
    case 1: .range(dateTime(), dateTime())
    case 2: .range(.date(Date("2020-01-01")!), .date(Date("2021-06-01")!))
    case 3: .range(.time(Time("12:00:00Z")!), .time(Time(pick(["12:00:00.5Z", "13:00:00Z"]))!))
    default: .range(string(), string())
    }
  }

  private mutating func value() -> Query.Value {
    switch number(0...6) {
    case 0: .boolean(chance(50))
    case 1: .uri(IRI(pick(["urn:x:1", "urn:x:2", iri("a").text, iri("T").text])))
    default: ordered()
    }
  }

  private mutating func ordered() -> Query.Value {
    switch number(0...9) {
    case 0...2: number()
    case 3...6: string()
    case 7: dateTime()
    case 8: .date(Date(pick(["2020-01-01", "2021-06-01", "2020-06-01"]))!)
    default: .time(Time(pick(["12:00:00Z", "12:00:00.5Z", "11:59:59.999Z"]))!)
    }
  }

  private mutating func number() -> Query.Value { .number(Double(pick(Self.numbers))!) }

  private mutating func dateTime() -> Query.Value { .dateTime(DateTime(instant())!) }

  private mutating func string() -> Query.Value {
    let text = pick(Self.strings)
    return .string(
      text.replacing("\\\"", with: "\"").replacing("\\n", with: "\n")
        .replacing("\\u0061", with: "a"))
  }

  /// Patterns that PostgreSQL and PCRE2 read alike.
  private mutating func pattern() -> Pattern {
    let text = pick([
      "a", "^a", "b$", "^ab?$", "[ab]", "[^a]", "a.b", "^.$", "a|z", "(ab)+", "0{2}", "^2020", "Z$",
      "^$", "\\.5", "[[:digit:]]{4}", "x y", "é", "😀", "\"", "^(a|b)c?$", "a*?b", "[0-9]+-[0-9]+",
    ])
    return try! Pattern(text)
  }

  mutating func scopeQuery() -> ScopeQuery {
    ScopeQuery(
      alternatives: list(1...2) {
        $0.list(1...2) {
          let levels: [ScopeQuery.Term.Level] = $0.list(0...3) {
            $0.chance(25) ? .any : .name($0.pick(Self.scopeLevels))
          }
          return ScopeQuery.Term(
            levels: levels, includesDescendants: levels.isEmpty || $0.chance(30))
        }
      })
  }

  mutating func selector(ids: ClosedRange<Int>) -> EntitySelector {
    EntitySelector(
      types: chance(60) ? typeSelection() : nil,
      ids: chance(30) ? list(1...99) { IRI("urn:x:\($0.number(ids))") } : [],
      idPattern: chance(20) ? try! Pattern(pick(["1$", "^urn:x:[12]", "x:.$", "0|9"])) : nil)
  }

  mutating func typeSelection() -> TypeSelection {
    if chance(5) { return .any }
    let names = Self.typeNames + ["Unheard"]
    return .anyOf(list(1...3) { $0.list(1...2) { IRI(Context.core.expand($0.pick(names)).text) } })
  }
}
