import JSON
import NGSILD

/// How a value of an Entity stands to an operand of a query.
enum QueryComparison { case less, equal, greater }

extension Query.Operand {
  /// Whether `element` is one of the values, or within the range.
  func contains(_ element: JSONValue) -> Bool {
    switch self {
    case .anyOf(let values): values.contains { $0.compared(with: element) == .equal }
    case .range(let low, let high):
      Query.Order.greaterOrEqual.holds(low.compared(with: element))
        && Query.Order.lessOrEqual.holds(high.compared(with: element))
    }
  }
}

extension Query.Order {
  /// Whether it holds for an element that stands so to the operand; not if they have no order.
  func holds(_ comparison: QueryComparison?) -> Bool {
    switch (self, comparison) {
    case (.less, .less), (.lessOrEqual, .less), (.lessOrEqual, .equal), (.greater, .greater),
      (.greaterOrEqual, .greater), (.greaterOrEqual, .equal):
      true
    default: false
    }
  }
}

extension Query.Value {
  /// How `element` stands to this operand; nil if they are of different types.
  ///
  /// Strings compare by code units, but as instants if both denote one (GS CIM 009, 4.9).
  func compared(with element: JSONValue) -> QueryComparison? {
    switch self {
    case .number(let number): element.double.flatMap { compare($0, number) }
    case .boolean(let boolean): element.boolean == boolean ? .equal : nil
    case .uri(let iri): compareCharacters(element, iri.text)
    case .string(let text):
      temporal.flatMap { compare(element, $0) } ?? compareCharacters(element, text)
    case .dateTime(let dateTime): compare(element, .dateTime(dateTime))
    case .date(let date): compare(element, .date(date))
    case .time(let time): compare(element, .time(time))
    }
  }
}

private func compare<Value: Comparable>(_ one: Value, _ other: Value) -> QueryComparison {
  one < other ? .less : one == other ? .equal : .greater
}

private func compare(_ element: JSONValue, _ operand: Temporal) -> QueryComparison? {
  switch operand {
  case .dateTime(let dateTime): DateTime(element).map { compare($0, dateTime) }
  case .date(let date): Date(element).map { compare($0, date) }
  case .time(let time): Time(element).map { compare($0, time) }
  }
}

private func compareCharacters(_ element: JSONValue, _ text: String) -> QueryComparison? {
  guard element.isString else { return nil }
  var text = text
  return text.withUTF8 { operand in
    if element.hasEscapes { return compareBytes(Array((element.string ?? "").utf8), operand) }
    return element.withContents { compareBytes($0, operand) }
  }
}

/// The order of UTF-8 is that of code points.
private func compareBytes(
  _ one: some Sequence<UInt8>, _ other: some Sequence<UInt8>
) -> QueryComparison {
  if one.lexicographicallyPrecedes(other) { return .less }
  return one.elementsEqual(other) ? .equal : .greater
}
