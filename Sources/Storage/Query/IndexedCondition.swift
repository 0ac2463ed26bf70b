import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// A condition of `q` that `attribute_index` answers: a comparison of an indexed Attribute's value
/// with numbers, or with strings that are no times.
///
/// It holds where `Query.matches` says that the condition holds.
struct IndexedCondition: Hashable {
  private let tenant: TenantNumber
  private let attribute: NameNumber
  /// The Attribute's partition of `attribute_index`. The planner knows its statistics, but none of
  /// all partitions together.
  let table: SQL
  private let predicate: SQL
  private let now: DateTime
  /// Whether the index has what fits side by side, so that to find few, few are read.
  let isRange: Bool

  /// Nil if the index does not answer it, or not for all Entities of `typesets`.
  init?(_ query: Query, of typesets: [TypesetNumber], in scope: QueryScope) {
    guard case .term(let term) = query, case .value(let path) = term.path,
      path.attributes.count == 1, path.member == nil, path.valueMembers.isEmpty,
      let indexed = scope.indexed.first(where: { $0.name == path.attributes[0] }),
      scope.typesets.allSatisfy({
        !typesets.contains($0.number) || indexed.isReady(for: $0.types)
      }), let predicate = term.condition.indexPredicate
    else { return nil }
    tenant = scope.tenant
    attribute = indexed.number
    table = "\(identifier: "attribute_index_\(indexed.number)")"
    self.predicate = predicate
    now = scope.now
    isRange = term.condition.isRange
  }

  /// On the rows `i` of `table`.
  var sql: SQL {
    """
    i.attribute = \(attribute) AND \(predicate)
    AND (i.expires IS NULL OR i.expires > \(now.timestamp))
    """
  }

  /// The same on the Entity whose key is `table.key`.
  func sql(keyIn table: SQL, of typesets: [TypesetNumber]) -> SQL {
    """
    \(table).key IN (
      SELECT i.key FROM \(self.table) AS i
      WHERE i.tenant = \(tenant) AND i.typeset = ANY (\(typesets)) AND \(sql))
    """
  }

  /// Whether an Entity may have several rows, so that they have to be told apart.
  func hasFurtherRows(of typesets: [TypesetNumber]) -> SQL {
    """
    EXISTS (
      SELECT FROM \(table) AS i
      WHERE i.tenant = \(tenant) AND i.attribute = \(attribute)
        AND i.typeset = ANY (\(typesets)) AND i.item > 0)
    """
  }
}

extension Query.Condition {
  /// Texts in order are told from references among them one by one.
  fileprivate var isRange: Bool {
    switch self {
    case .equal: true
    case .ordered(_, let value): value.number != nil
    case .exists, .absent, .unequal, .matches, .matchesNot: false
    }
  }

  /// Nil for what other than numbers and strings is compared with.
  fileprivate var indexPredicate: SQL? {
    switch self {
    case .equal(.anyOf(let values)):
      if let numbers = values.all(\.number) { return "i.number = ANY (\(numbers))" }
      return values.all(\.indexedText).map { "i.text = ANY (\($0))" }
    case .equal(.range(let low, let high)):
      if let low = low.number, let high = high.number {
        return "i.number BETWEEN \(low) AND \(high)"
      }
      guard let low = low.indexedText, let high = high.indexedText else { return nil }
      return "i.text BETWEEN \(low) AND \(high)"
    case .ordered(let order, let value):
      if let number = value.number { return "i.number \(order.sql) \(number)" }
      return value.indexedText.map { "i.text \(order.sql) \($0) AND NOT i.is_reference" }
    case .exists, .absent, .unequal, .matches, .matchesNot: return nil
    }
  }
}

extension Query.Order {
  fileprivate var sql: SQL {
    switch self {
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }
}

extension Query.Value {
  fileprivate var number: Double? { if case .number(let number) = self { number } else { nil } }

  /// The characters that are compared; nil for a time, and for more than the index holds of a text.
  fileprivate var indexedText: String? {
    let text: String? =
      switch self {
      case .string(let text) where temporal == nil: text
      case .uri(let iri): iri.text
      default: nil
      }
    return text.flatMap { $0.utf8.count <= IndexedValue.comparedBytesMax ? $0 : nil }
  }
}

extension [Query.Value] {
  /// What `part` is of each; nil if it is nothing of one.
  fileprivate func all<Part>(_ part: (Query.Value) -> Part?) -> [Part]? {
    let parts = compactMap(part)
    return parts.count == count ? parts : nil
  }
}
