/// A statement that is written whole, once, for use on a hot path.
///
/// Its text is not built again for each use, and its hash is known, so that a connection finds
/// the prepared statement without reading the text.
///
/// ```swift
/// static let document = Statement("SELECT document FROM entity WHERE key = $1")
/// let rows = try await connection.query(document(key))
/// ```
package struct Statement: Sendable, Equatable {
  package let text: String
  let textHash: Int
  /// The greatest `$n` of the text.
  let parameterCount: Int

  package init(_ text: StaticString) {
    self.text = text.description
    textHash = self.text.hashValue
    parameterCount = greatestParameter(of: self.text)
  }

  package func callAsFunction<each Value: ParameterValue>(_ values: repeat each Value) -> SQL {
    SQL(self, Parameters(repeat each values))
  }
}

private func greatestParameter(of text: String) -> Int {
  text.split(separator: "$").dropFirst().reduce(0) { greatest, part in
    max(greatest, Int(part.prefix { $0.isWholeNumber }) ?? 0)
  }
}
