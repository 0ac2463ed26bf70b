package import JSON

/// Values made of what the broker itself writes.
extension JSONValue {
  package init(written writer: JSONWriter) {
    do throws(JSONError) {
      self = try JSONValue(parsing: writer.bytes, limits: .ownText)
    } catch {
      preconditionFailure("A text that was just written is no JSON: \(error)")
    }
  }

  init(string: String) {
    var writer = JSONWriter()
    writer.string(string)
    self.init(written: writer)
  }

  init(strings: [String]) {
    var writer = JSONWriter()
    writer.beginArray()
    for string in strings { writer.string(string) }
    writer.endArray()
    self.init(written: writer)
  }
}

extension JSONValue {
  /// The stored form that a row holds.
  ///
  /// Only this broker writes it, so a row that is no JSON is a broken database.
  package init(storedDocument bytes: [UInt8]) {
    do throws(JSONError) {
      try self.init(parsing: bytes, limits: .ownText)
    } catch {
      preconditionFailure("A stored document is no JSON: \(error)")
    }
  }
}
