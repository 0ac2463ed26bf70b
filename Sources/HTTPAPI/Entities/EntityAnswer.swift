import HTTPServer
import JSON
import JSONLD
import NGSILD

/// How an answer shows Entities: one in the answer to Retrieve Entity, a list in that to Query
/// Entities.
///
/// Standard: GS CIM 009, 6.3.6, 6.3.7 and 6.3.15.
struct EntityAnswer: Sendable {
  /// Without regard to an older version.
  private(set) var representation: Representation
  let accepts: MediaType
  /// What gives the geometry of a Feature.
  let geometryProperty: IRI
  /// Set where the reader knows no more than an older version of the standard.
  let olderVersion: SpecificationVersion?
  /// Entities that follow those that link to them.
  private var linked: [LinkedEntity] = []

  init(
    representation: Representation, accepts: MediaType, geometryProperty: IRI,
    olderVersion: SpecificationVersion?
  ) {
    self.representation = representation
    self.accepts = accepts
    self.geometryProperty = geometryProperty
    self.olderVersion = olderVersion
  }

  /// Whether a Link header names the `@context`, which then does not stand in the body.
  var linksContext: Bool { !representation.embedsContext }

  mutating func link(_ context: Context) { representation.context = context }

  /// Adds the linked Entities that a traversal has found (4.5.23).
  mutating func add(_ traversal: LinkTraversal, showing selection: EntitySelection, as join: Join) {
    switch join.form {
    case .flat: linked = traversal.linked
    case .inline: representation.links = LinkedEntities(traversal, showing: selection, join: join)
    }
  }

  /// In a list only if linked Entities follow it; nil if the Entity has nothing of what is to be
  /// shown.
  func response(_ entity: StoredEntity, _ written: inout WrittenEntities) -> HTTPResponse? {
    guard linked.isEmpty else { return response([entity], &written) }
    let now = DateTime.now
    return response { representation, writer in
      guard accepts == .geoJSON else {
        return written.write(entity, as: representation, at: now, to: &writer)
      }
      FeatureRepresentation(representation, geometryProperty: geometryProperty)
        .write(stored: entity.value, at: now, to: &writer)
      return true
    }
  }

  func response(_ entities: [StoredEntity], _ written: inout WrittenEntities) -> HTTPResponse {
    let now = DateTime.now
    let response = response(reserving: 2048 * (entities.count + 1)) { representation, writer in
      if accepts == .geoJSON {
        FeatureRepresentation(representation, geometryProperty: geometryProperty)
          .write(collection: entities.map(\.value), linked: linked, at: now, to: &writer)
      } else {
        writer.beginArray()
        for entity in entities {
          written.write(entity, as: representation, at: now, to: &writer)
        }
        for linked in linked {
          representation.showing(linked).write(stored: linked.entity, at: now, to: &writer)
        }
        writer.endArray()
      }
      return true
    }
    guard let response else { preconditionFailure("A list is always shown") }
    return response
  }

  /// 200, or 203 if an older version needs another body (4.3.6.8).
  private func response(
    reserving capacity: Int = 2048, _ write: (Representation, inout JSONWriter) -> Bool
  ) -> HTTPResponse? {
    var writer = JSONWriter(reservingCapacity: capacity)
    guard write(representation, &writer) else { return nil }
    guard let olderVersion else { return body(writer.bytes, status: 200) }
    var older = representation
    older.olderVersion = olderVersion
    var olderWriter = JSONWriter(reservingCapacity: writer.bytes.count)
    guard write(older, &olderWriter) else { return nil }
    return body(olderWriter.bytes, status: olderWriter.bytes == writer.bytes ? 200 : 203)
  }

  private func body(_ bytes: [UInt8], status: Int) -> HTTPResponse {
    .body(
      bytes, as: accepts, context: representation.context,
      embedsContext: representation.embedsContext, status: status)
  }
}
