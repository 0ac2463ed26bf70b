import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Snapshots
import Storage

/// Snapshots (GS CIM 009, 6.36 to 6.38).
extension API {
  func createSnapshot(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let tenant = try await newTenant(of: call)
    let snapshot = try await broker.createSnapshot(body, context: context, in: tenant)
    return .created(at: "/ngsi-ld/v1/snapshots/\(snapshot.id)")
  }

  func retrieveSnapshot(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let snapshot = try await broker.retrieveSnapshot(call.identifiers[0], in: tenant)
    return response(snapshot, call, context)
  }

  func updateSnapshot(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (fragment, context) = try await body(of: call)
    let tenant = try await tenant(of: call)
    let snapshot = try await broker.updateSnapshot(
      call.identifiers[0], with: fragment, in: tenant)
    return response(snapshot, call, context)
  }

  func deleteSnapshot(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    try await broker.deleteSnapshot(call.identifiers[0], in: tenant)
    return .noContent
  }

  func cloneSnapshot(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, _) = try await body(of: call)
    let tenant = try await tenant(of: call)
    let clone = try await broker.cloneSnapshot(call.identifiers[0], body, in: tenant)
    return .created(at: "/ngsi-ld/v1/snapshots/\(clone.id)")
  }

  func purgeSnapshots(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    guard let text = call.parameters["q"] else {
      throw .badRequestData(
        "The parameter 'q' is missing; it says which Snapshots go, such as snapshotPriority<5")
    }
    let query = try SnapshotQuery(parsing: text)
    let tenant = try await tenant(of: call)
    try await broker.purgeSnapshots(query, in: tenant)
    return .noContent
  }

  private func response(_ snapshot: Snapshot, _ call: Call, _ context: Context) -> HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 1024)
    snapshot.write(to: &writer, context: call.accepts == .jsonLD ? context.bodyValue : nil)
    return .body(writer.bytes, as: call.accepts, context: context)
  }
}
