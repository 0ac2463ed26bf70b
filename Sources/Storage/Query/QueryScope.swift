import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// What the conditions of a query are translated with: whose Entities they are about, at what time,
/// and the numbers that stand for names.
struct QueryScope {
  let tenant: TenantNumber
  let now: DateTime
  let names: NameTable
  let typesets: [TypesetTable.Typeset]
  let indexed: [IndexedAttribute]
  /// What is read beside what is held here.
  var foreign: ForeignRows?

  /// The numbers of typesets that satisfy `isMatch`.
  func typesets(where isMatch: (TypesetTable.Typeset) -> Bool) -> [TypesetNumber] {
    typesets.filter(isMatch).map(\.number)
  }

  /// The steps of a JSON path to the instances of an Attribute, those of its sub-Attribute and so
  /// on; nil if a name was never stored.
  ///
  /// Instances that have expired do not exist (GS CIM 009, 4.22).
  ///
  /// - Parameter condition: on the last of these, asked first: it is what holds of few.
  func steps(to attributes: [IRI], where condition: String? = nil) -> String? {
    let numbers = attributes.compactMap { names.number(of: $0) }
    guard numbers.count == attributes.count, let last = numbers.last else { return nil }
    let exists = "!(@.e <= \(now.microseconds))"
    let filter = condition.map { "(\($0)) && \(exists)" } ?? exists
    return numbers.dropLast().map { "\"\($0)\" ? (\(exists)).s." }.joined()
      + "\"\(last)\" ? (\(filter))"
  }
}

/// The rows of one Entity in a statement, told from those of Entities that link to it.
struct EntityRows {
  /// The Entity that is asked for.
  static let asked = EntityRows(depth: 0)

  /// Relationships that were followed to it.
  private let depth: Int

  /// Its row of `entity_value`.
  var values: SQL { depth == 0 ? "v" : "\(identifier: "v\(depth)")" }
  /// Its row of `entity`.
  var entity: SQL { depth == 0 ? "e" : "\(identifier: "e\(depth)")" }

  /// The rows of an Entity that this one refers to.
  var linked: EntityRows { EntityRows(depth: depth + 1) }
}
