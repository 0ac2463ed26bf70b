package import JSON
import JSONLD

extension Representation {
  /// Writes a stored Entity, working on its bytes: nothing is decoded but names.
  ///
  /// Returns whether any member was left to show; nothing is written if not.
  @discardableResult
  package func write(
    stored entity: JSONValue, at now: DateTime, to writer: inout JSONWriter
  ) -> Bool {
    let (representation, entity) = amended(entity, at: now)
    var entityWriter = EntityWriter(representation, at: now)
    return entity.withView { entityWriter.write($0, to: &writer) }
  }

  /// Writes the members of a stored instance into an object that the caller has begun.
  ///
  /// - Parameter now: Sub-Attributes that have expired by then are left out.
  package func writeMembers(
    ofInstance instance: JSONValue, at now: DateTime = .earliest, to writer: inout JSONWriter
  ) {
    var entityWriter = EntityWriter(self, at: now)
    instance.withView { entityWriter.writeMembers(of: $0, withType: true, in: nil, to: &writer) }
  }

  /// Writes what the simplified representation shows of a stored instance.
  package func writeValue(ofInstance instance: JSONValue, to writer: inout JSONWriter) {
    var entityWriter = EntityWriter(self, at: .earliest)
    instance.withView { entityWriter.writeValue(of: $0, to: &writer) }
  }
}
