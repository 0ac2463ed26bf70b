package import JSON

/// An Entity in stored form, parsed once someone looks into it.
package struct StoredEntity: Sendable {
  /// JSON without white space, its first member the id.
  package let document: [UInt8]
  private let parsed: JSONValue?

  package init(_ document: [UInt8]) {
    self.document = document
    parsed = nil
  }

  package init(_ entity: JSONValue) {
    document = entity.withRaw { Array($0) }
    parsed = entity
  }

  /// Parsed each time, so that who needs it often keeps it.
  package var value: JSONValue { parsed ?? JSONValue(storedDocument: document) }
}
