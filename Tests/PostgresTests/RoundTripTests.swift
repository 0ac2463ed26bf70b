import Postgres
import TestSupport
import Testing

/// Values that go to the server and come back unchanged.
@Suite("Round trip")
struct RoundTripTests {
  /// Sends each value, and reads it back by `read`.
  private func roundTrip<Value: ParameterValue & Equatable & Sendable>(
    _ values: [Value], _ read: @Sendable @escaping (Cell) -> Value
  ) async throws {
    try await TestDatabase.withConnection { connection async throws in
      for value in values {
        let rows = try await connection.query("SELECT \(value)")
        #expect(read(rows[0][0]) == value)
      }
    }
  }

  @Test("booleans and integers")
  func integers() async throws {
    try await roundTrip([true, false]) { $0.bool }
    try await roundTrip([0, 1, -1, .max, .min]) { $0.int }
    try await roundTrip([0, Int64.max, .min]) { $0.int64 }
    try await roundTrip([0, Int32.max, .min]) { Int32($0.int) }
    try await roundTrip([0, Int16.max, .min]) { Int16($0.int) }
  }

  @Test("floating point numbers, infinite ones included")
  func doubles() async throws {
    try await roundTrip([0, -0.1, .pi, .infinity, -.infinity, .leastNonzeroMagnitude]) {
      $0.double
    }
  }

  @Test("text, empty, long and of every plane")
  func texts() async throws {
    let texts = ["", "a", "Łódź 東京 🏙️ e\u{301}", String(repeating: "ä", count: 3_000_000)]
    try await roundTrip(texts) { $0.string }
    try await roundTrip(texts.map { Array($0.utf8) }) { $0.bytes }
  }

  @Test("instants, to the microsecond and without end")
  func timestamps() async throws {
    let microseconds: [Int64] = [0, 1, -1, 946_684_800_000_000, 1_700_000_000_123_456]
    try await roundTrip(
      microseconds.map { Timestamp(microseconds: $0) } + [.infinity, .minusInfinity]
    ) { $0.timestamp }
    try await TestDatabase.withConnection { connection async throws in
      let row = try await connection.query(
        "SELECT \(Timestamp(microseconds: 1_500_000)) = '1970-01-01 00:00:01.5Z', 'epoch'::timestamptz"
      )[0]
      #expect(row[0].bool)
      #expect(row[1].timestamp == Timestamp(microseconds: 0))
    }
  }

  @Test("jsonb and bytea")
  func wrapped() async throws {
    try await roundTrip([JSONB(Array(#"{"a": [1, null]}"#.utf8))]) { JSONB($0.bytes) }
    try await roundTrip([Bytea([]), Bytea([0, 255, 92, 39])]) { Bytea($0.bytes) }
  }

  @Test(
    "jsonpath",
    arguments: [("$.a ? (@ > 1)", true), ("$.a ? (@ > 2)", false), ("$.\"é\"", true)])
  func paths(path: String, exists: Bool) async throws {
    try await TestDatabase.withConnection { connection in
      let document = JSONB(Array(#"{"a": 2, "é": null}"#.utf8))
      let row = try await connection.query("SELECT \(document) @? \(JSONPath(path))")[0]
      #expect(row[0].bool == exists)
    }
  }

  @Test("NULL of every type")
  func nulls() async throws {
    try await roundTrip([nil, 1]) { $0.present?.int }
    try await roundTrip([nil, "a"]) { $0.present?.string }
    try await roundTrip([nil, false]) { $0.present?.bool }
    try await roundTrip([nil, 1.5]) { $0.present?.double }
    try await roundTrip([nil, Timestamp(microseconds: 1)]) { $0.present?.timestamp }
    try await roundTrip([nil, [1]]) { $0.present?.elements.map(\.int) }
  }

  @Test("arrays, empty ones and NULL elements included")
  func arrays() async throws {
    try await roundTrip([[], [1], [.min, 0, .max]]) { $0.elements.map(\.int) }
    try await roundTrip([[nil], [1, nil, 3]]) { $0.elements.map { $0.present?.int } }
    try await roundTrip([[Int32(1), nil]]) { $0.elements.map { $0.present.map { Int32($0.int) } } }
    try await roundTrip([["", "a", "日本"], []]) { $0.elements.map(\.string) }
    try await roundTrip([[[], [97], nil]] as [[[UInt8]?]]) { $0.elements.map { $0.present?.bytes } }
    try await roundTrip([[1.5, nil, .infinity]]) { $0.elements.map { $0.present?.double } }
    try await roundTrip([[true, nil, false]]) { $0.elements.map { $0.present?.bool } }
    try await roundTrip([[Timestamp(microseconds: 5), nil]]) {
      $0.elements.map { $0.present?.timestamp }
    }
    try await roundTrip([[JSONB(Array("[1, 2]".utf8)), nil]]) {
      $0.elements.map { $0.present.map { JSONB($0.bytes) } }
    }
    try await roundTrip([[Bytea([0]), Bytea([])]]) { $0.elements.map { Bytea($0.bytes) } }
  }

  @Test("a batch of a thousand rows by unnest")
  func batch() async throws {
    let rows = (0..<1000).map { (key: $0, text: $0 % 7 == 0 ? nil : Array("text \($0)".utf8)) }
    try await TestDatabase.withConnection { connection async throws in
      let answer = try await connection.query(
        """
        SELECT key, text
        FROM unnest(\(rows.map(\.key)), \(rows.map(\.text))) WITH ORDINALITY AS r(key, text, n)
        ORDER BY n
        """)
      #expect(answer.count == 1000)
      #expect(answer.map(\.[0].int) == rows.map(\.key))
      #expect(answer.map(\.[1].present?.bytes) == rows.map(\.text))
    }
  }

  @Test("integers of every width are read as one")
  func widths() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let row = try await connection.query("SELECT 1::int2, -2::int4, 3::int8, '{4,5}'::int4[]")[0]
      #expect((0..<3).map { row[$0].int } == [1, -2, 3])
      #expect(row[3].elements.map(\.int) == [4, 5])
    }
  }

  @Test("rows tell how many were affected")
  func affected() async throws {
    try await TestDatabase.withConnection { connection async throws in
      try await connection.query("CREATE TEMP TABLE t (a int8)")
      let inserted = try await connection.query("INSERT INTO t SELECT generate_series(1, 5)")
      #expect(inserted.affected == 5)
      #expect(inserted.isEmpty)
      let deleted = try await connection.query("DELETE FROM t WHERE a > \(3) RETURNING a")
      #expect(deleted.affected == 2)
      #expect(Set(deleted.map(\.[0].int)) == [4, 5])
      #expect(try await connection.query("SELECT a FROM t WHERE false").first == nil)
    }
  }

  @Test("the content of a cell is there without a copy")
  func content() async throws {
    try await TestDatabase.withConnection { connection async throws in
      let rows = try await connection.query("SELECT 'abc', '[1]'::jsonb")
      #expect(rows[0][0].withUnsafeBytes { $0.count } == 3)
      #expect(rows[0][1].withUnsafeBytes { $0.first } == UInt8(ascii: "["))
    }
  }
}
