import JSON
package import NGSILD
package import Subscriptions

/// Tells who is interested in a Snapshot what has become of it.
///
/// Standard: GS CIM 009, 5.3.4 and 5.16.6.
extension Snapshot {
  /// - Parameters:
  ///   - uuid: makes the notification's id.
  ///   - isGone: whether there is no such Snapshot any more, which its expiry tells.
  package func notification(at now: DateTime, uuid: UUIDText, isGone: Bool) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: 512)
    writer.beginObject()
    writer.member("id", "urn:ngsi-ld:SnapshotNotification:\(uuid)")
    writer.member("type", "SnapshotNotification")
    writer.member("notifiedAt", now.description)
    writer.member("snapshotId", id)
    writer.member("snapshotStatus", status.rawValue)
    writer.name("snapshotPriority")
    writer.integer(priority)
    writer.member("expiresAt", (isGone ? min(now, expiresAt) : expiresAt).description)
    writer.member("snapshotQueriesDetails", results.queries)
    // The name differs from that of the member of a Snapshot (Table 5.3.4-1).
    writer.member("temporalSnapshotQueriesDetails", results.temporalQueries)
    writer.endObject()
    return writer.bytes
  }

  /// The header fields of a notification.
  package func notificationHeaders(tenantName: String) -> [(name: String, value: String)] {
    let own = ["content-type", "ngsild-tenant"]
    return [("Content-Type", "application/json")]
      + (tenantName.isEmpty ? [] : [("NGSILD-Tenant", tenantName)])
      + receiverInfo.filter { !own.contains($0.key.lowercased()) }.map { ($0.key, $0.value) }
  }
}
