import CLibPQ

/// What a statement answered: rows of cells in PostgreSQL's binary format.
///
/// `@unchecked Sendable`: nothing changes the result after it was received, and libpq's functions
/// that read one only read.
package final class Rows: @unchecked Sendable {
  private let result: OpaquePointer
  package let count: Int

  /// Takes the result over and frees it in the end.
  init(taking result: OpaquePointer) {
    self.result = result
    count = Int(PQntuples(result))
  }

  deinit { PQclear(result) }

  /// Rows that an INSERT, UPDATE, DELETE or SELECT touched; 0 for other statements.
  package var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

  fileprivate func cell(row: Int, column: Int) -> Cell {
    let (row, column) = (Int32(row), Int32(column))
    let type = PQftype(result, column)
    guard type != 0, let start = PQgetvalue(result, row, column) else {
      preconditionFailure("The result has no row \(row) with a column \(column)")
    }
    if PQgetisnull(result, row, column) == 1 { return Cell(owner: self, type: type, encoded: nil) }
    let length = Int(PQgetlength(result, row, column))
    return Cell(
      owner: self, type: type, encoded: UnsafeRawBufferPointer(start: start, count: length))
  }
}

extension Rows: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { count }
  package subscript(row: Int) -> Row { Row(rows: self, index: row) }
}

/// One row of a result; `row[0]` is the cell of its first column.
package struct Row {
  fileprivate let rows: Rows
  fileprivate let index: Int

  package subscript(column: Int) -> Cell { rows.cell(row: index, column: column) }
}
