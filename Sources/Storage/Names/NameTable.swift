package import JSONLD
import NGSILD
package import Postgres
import Synchronization

/// The number that stands for an IRI or a datasetId in rows.
package typealias NameNumber = Int32

/// The names in use and their numbers, shared by all loops of a process.
///
/// A number is given once and for all, so what was read stays true; a name that is missing here is
/// looked up, and added where it is new.
package final class NameTable: Sendable {
  private struct State {
    var numbers: [IRI: NameNumber] = [:]
    var names: [NameNumber: String] = [:]

    mutating func add(_ name: IRI, _ number: NameNumber) {
      numbers[name] = number
      names[number] = name.text
    }
  }

  private let state = Mutex(State())
  /// The one whose names these are, too.
  private let base: NameTable?

  package init() { base = nil }

  /// The names of a table, and beside them some that one statement alone refers to: their numbers
  /// are none that a name is ever given.
  init(extending base: NameTable, by names: some Sequence<IRI>) {
    self.base = base
    state.withLock { state in
      for (place, name) in names.enumerated() { state.add(name, .max - NameNumber(place)) }
    }
  }

  /// The number of a name that this process has met; nil for another.
  package func number(of name: IRI) -> NameNumber? {
    state.withLock { $0.numbers[name] } ?? base?.number(of: name)
  }

  package func name(of number: NameNumber) -> String? {
    state.withLock { $0.names[number] } ?? base?.name(of: number)
  }

  /// The names among `names` that have to be looked up.
  package func unknown(among names: some Sequence<IRI>) -> Set<IRI> {
    let unknown = state.withLock { state in Set(names.filter { state.numbers[$0] == nil }) }
    return base?.unknown(among: unknown) ?? unknown
  }

  /// Adds the names of `change` that have to be looked up.
  func collectUnknown(of change: EntityChange, into unknown: inout Set<IRI>) {
    let found = state.withLock { state in
      var found: [IRI] = []
      EntityWrite.forEachName(of: change) { name in
        if state.numbers[name] == nil { found.append(name) }
      }
      return found
    }
    unknown.formUnion(found)
  }

  /// Reads all names at start, so that requests meet known ones.
  package func load(from pool: Pool) async throws(PostgresError) {
    let rows = try await pool.query("SELECT id, iri FROM name")
    add(rows)
  }

  /// Looks names up and gives new ones a number.
  package func create(_ names: Set<IRI>, in pool: Pool) async throws(PostgresError) {
    guard !names.isEmpty else { return }
    let names = names.sorted().map(\.text)
    _ = try await pool.query(
      "INSERT INTO name (iri) SELECT unnest(\(names)) ON CONFLICT DO NOTHING")
    add(try await pool.query("SELECT id, iri FROM name WHERE iri = ANY (\(names))"))
  }

  /// Looks names up without adding any: a filter on a name that nobody used matches nothing.
  package func find(_ names: Set<IRI>, in pool: Pool) async throws(PostgresError) {
    guard !names.isEmpty else { return }
    add(
      try await pool.query(
        "SELECT id, iri FROM name WHERE iri = ANY (\(names.sorted().map(\.text)))"))
  }

  /// Looks numbers up that came out of rows which another process wrote.
  package func find(numbers: Set<NameNumber>, in pool: Pool) async throws(PostgresError) {
    let unknown = numbers.filter { name(of: $0) == nil }
    guard !unknown.isEmpty else { return }
    add(try await pool.query("SELECT id, iri FROM name WHERE id = ANY (\(Array(unknown)))"))
  }

  private func add(_ rows: Rows) {
    state.withLock { state in
      for row in rows { state.add(IRI(row[1].string), NameNumber(row[0].int)) }
    }
  }
}
