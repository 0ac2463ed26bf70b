package import JSON

/// Writes stored instances one after the other, and remembers names as it goes.
package struct InstanceWriter {
  private var writer: EntityWriter

  package init(_ representation: Representation) {
    writer = EntityWriter(representation, at: .earliest)
  }

  /// Writes the members of an instance into an object that the caller has begun.
  package mutating func writeMembers(of instance: JSONValue, to json: inout JSONWriter) {
    instance.withView { writer.writeMembers(of: $0, withType: true, in: nil, to: &json) }
  }

  /// Writes what the simplified representation shows of an instance.
  package mutating func writeValue(of instance: JSONValue, to json: inout JSONWriter) {
    instance.withView { writer.writeValue(of: $0, to: &json) }
  }
}
