package import JSON
import JSONLD
package import NGSILD
import NGSILDQuery

/// The form in which subscriptions are stored.
///
/// Shape: that of the API, with names as IRIs. Beside a text of a query language, which is
/// canonical here, stands the one that the client gave: `givenQ`, and `givenType` in `entities`.
/// Timestamps have columns of their own.
extension Subscription {
  package var stored: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writeMembers(to: &writer, names: .stored)
    writer.endObject()
    return writer.bytes
  }

  /// Reads what `stored` wrote.
  ///
  /// - Throws: what a newer broker may have stored and this one does not know.
  package init(
    stored document: JSONValue, createdAt: DateTime, modifiedAt: DateTime
  ) throws(NGSILDError) {
    let parser = SubscriptionParser.stored
    let reader = try MemberReader(document, "")
    self.init(
      id: try reader.string("id") ?? "", notification: try parser.notification(reader),
      createdAt: createdAt, modifiedAt: modifiedAt)
    try parser.readDescription(reader, into: &self)
    try parser.readSelection(reader, into: &self)
    try parser.readTime(reader, into: &self)
  }
}
