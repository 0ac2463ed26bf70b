import Broker
import HTTPServer
import JSON
import NGSILD

/// What operators see and do of the notifications that a subscription is owed: `/kontext/v1`.
extension API {
  func listDeliveries(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let page = try Page(call.parameters)
    let tenant = try await tenant(of: call)
    let id = call.identifiers[0]
    let (views, count) = try await broker.deliveries(
      of: id, in: tenant, limit: page.limit + 1, offset: page.offset, counts: page.wantsCount)
    var writer = JSONWriter(reservingCapacity: 256 * (views.count + 1))
    writer.beginArray()
    for view in views.prefix(page.limit) { view.write(to: &writer) }
    writer.endArray()
    var response = HTTPResponse.plainJSON(writer.bytes, status: 200)
    response.headers +=
      PageLinks(
        path: "/kontext/v1/subscriptions/\(percentEncoded(id))/deliveries",
        parameters: call.parameters, isSorted: false, page: page,
        hasMore: views.count > page.limit, type: .json
      ).headers
    if let count { response.headers.append(("NGSILD-Results-Count", "\(count)")) }
    return response
  }

  func retryDelivery(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    guard let number = Int64(call.identifiers[1]), number > 0 else {
      throw .badRequestData(
        "The delivery is '\(call.identifiers[1])'; a number that the list of deliveries shows is "
          + "expected")
    }
    try await broker.retryDelivery(number, of: call.identifiers[0], in: tenant)
    return HTTPResponse(status: 202)
  }
}

extension DeliveryView {
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("id")
    writer.integer(Int(row.id))
    writer.name("state")
    writer.string(state.rawValue)
    writer.optional("entity", row.entity)
    writer.optional("createdAt", row.created.description)
    writer.name("attempts")
    writer.integer(row.attempts)
    writer.optional("nextAttempt", row.nextAttempt?.description)
    writer.optional("lastError", row.lastError)
    writer.optional("diedAt", row.died?.description)
    writer.endObject()
  }
}

extension JSONWriter {
  /// A member that is left out where it has no value.
  mutating func optional(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    self.name(name)
    string(value)
  }
}
