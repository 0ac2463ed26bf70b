import Broker
import HTTPServer
import JSON
import NGSILD
import Postgres
import Storage

/// An EntityMap as clients see it, written a part of its entries at a time.
///
/// Standard: GS CIM 009, 5.2.39.
struct EntityMapRepresentation {
  private let map: StoredEntityMap
  /// Where the `@context` stands in the body.
  private let context: [UInt8]?

  private static let entriesAtOnce = 2000

  init(_ map: StoredEntityMap, context: [UInt8]?) {
    self.map = map
    self.context = context
  }

  func write(
    to body: HTTPBodyWriter, from broker: Broker
  ) async throws(HTTPBodyBrokenOff) {
    var writer = JSONWriter(reservingCapacity: 1 << 16)
    writeHead(to: &writer)
    var last: Int64 = 0
    while true {
      let entries = try await entries(after: last, from: broker)
      for entry in entries { write(entry, to: &writer) }
      guard let end = entries.last, entries.count == Self.entriesAtOnce else { break }
      last = end.position
      try await body.write(writer.takeBytes())
    }
    writeTail(to: &writer)
    try await body.write(writer.takeBytes())
  }

  private func entries(
    after position: Int64, from broker: Broker
  ) async throws(HTTPBodyBrokenOff) -> [EntityMapStore.Entry] {
    do throws(PostgresError) {
      return try await broker.entityMaps.entries(
        of: map, after: position, limit: Self.entriesAtOnce)
    } catch {
      broker.log.warning("EntityMap not sent to its end", ["error": "\(error)"])
      throw HTTPBodyBrokenOff()
    }
  }

  private func writeHead(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("id")
    writer.string(map.id)
    writer.name("type")
    writer.string("EntityMap")
    writer.name("expiresAt")
    writer.string(map.expires.description)
    writer.name("entityMap")
    writer.beginObject()
  }

  private func write(_ entry: EntityMapStore.Entry, to writer: inout JSONWriter) {
    writer.name(entry.id)
    writer.beginArray()
    if entry.isHeldHere { writer.string("@none") }
    for source in entry.sources { writer.string(source) }
    writer.endArray()
  }

  private func writeTail(to writer: inout JSONWriter) {
    writer.endObject()
    writer.name("linkedMaps")
    writer.value(map.linked)
    if let context {
      writer.name("@context")
      writer.raw(context)
    }
    writer.endObject()
  }
}
