import Broker
import HTTPServer
import JSON
import NGSILD

/// Why the last change of an Entity did or did not notify a subscription: `/kontext/v1`.
extension API {
  func explainSubscription(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    guard let entity = call.parameters["entity"] else {
      throw .badRequestData("The parameter 'entity' is missing; the id of an Entity is expected")
    }
    let explanation = try await broker.explain(call.identifiers[0], entity: entity, in: tenant)
    var writer = JSONWriter(reservingCapacity: 2048)
    explanation.write(to: &writer, of: call.identifiers[0], entity: entity)
    return .plainJSON(writer.bytes, status: 200)
  }
}

extension Explanation {
  fileprivate func write(to writer: inout JSONWriter, of subscription: String, entity: String) {
    writer.beginObject()
    writer.optional("subscriptionId", subscription)
    writer.optional("entity", entity)
    writer.optional("changedAt", changedAt.description)
    writer.name("notifies")
    writer.boolean(isMatch)
    writer.name("conditions")
    writer.beginArray()
    for condition in conditions {
      writer.beginObject()
      writer.optional("member", condition.member)
      writer.name("holds")
      writer.boolean(condition.holds)
      writer.optional("reason", condition.reason)
      writer.endObject()
    }
    writer.endArray()
    writer.name("deliveries")
    writer.beginArray()
    for delivery in deliveries { delivery.write(to: &writer) }
    writer.endArray()
    writer.endObject()
  }
}
