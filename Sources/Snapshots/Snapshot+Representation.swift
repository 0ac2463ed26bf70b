package import JSON
package import NGSILD
import Subscriptions

/// What clients are shown of a Snapshot, and the form in which it is stored.
extension Snapshot {
  /// What a client can say of it at any time, as an object.
  var description: JSONValue {
    get throws(NGSILDError) {
      try mergedDocument { writer in
        writer.beginObject()
        writeDescription(to: &writer)
        writer.endObject()
      }
    }
  }

  /// - Parameter context: of the answer, where it stands in the body.
  package func write(to writer: inout JSONWriter, context: [UInt8]?) {
    writer.beginObject()
    writer.member("id", id)
    writer.member("type", "Snapshot")
    writeQueries(to: &writer)
    writeDescription(to: &writer)
    writer.member("snapshotStatus", status.rawValue)
    writer.member("snapshotQueriesDetails", results.queries)
    writer.member("snapshotTemporalQueriesDetails", results.temporalQueries)
    writer.member("createdAt", createdAt.description)
    writer.member("modifiedAt", modifiedAt.description)
    writer.member("expiresAt", expiresAt.description)
    writer.member("lastUsedAt", lastUsedAt.description)
    if let context {
      writer.name("@context")
      writer.raw(context)
    }
    writer.endObject()
  }

  private func writeQueries(to writer: inout JSONWriter) {
    for (name, list) in [
      (SnapshotParser.queries, queries), (SnapshotParser.temporalQueries, temporalQueries),
    ] where !list.isEmpty {
      writer.name(name)
      writer.beginArray()
      for query in list { writer.value(query) }
      writer.endArray()
    }
  }

  private func writeDescription(to writer: inout JSONWriter) {
    writer.member("snapshotLifetime", lifetime?.text)
    writer.name("snapshotPriority")
    writer.integer(priority)
    writer.member("endpoint", endpoint)
    writer.member("receiverInfo", receiverInfo)
  }

  // MARK: Storage

  /// Shape: members of the API. What the broker says of it, status and timestamps, has columns.
  package var stored: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writeQueries(to: &writer)
    writeDescription(to: &writer)
    writer.endObject()
    return writer.bytes
  }

  /// Reads what `stored` wrote; the columns are the caller's to set.
  ///
  /// - Throws: what a newer broker may have stored and this one does not know.
  package init(
    stored document: JSONValue, id: String, createdAt: DateTime
  ) throws(NGSILDError) {
    self.init(id: id, createdAt: createdAt)
    queries = document["snapshotQueries"].map { Array($0.elements) } ?? []
    temporalQueries = document["snapshotTemporalQueries"].map { Array($0.elements) } ?? []
    try SnapshotParser.stored.describe(&self, MemberReader(document, ""))
  }
}
