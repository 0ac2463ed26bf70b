import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage
import Subscriptions

/// Subscriptions to Entities (GS CIM 009, 6.10, 6.11) and to registrations (6.12, 6.13).
extension API {
  func createSubscription(
    _ call: Call, of subject: SubscriptionSubject
  ) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let tenant = try await newTenant(of: call)
    let subscription = try await broker.createSubscription(
      body, of: subject, context: context, in: tenant, at: try contextSite(of: call),
      isLocal: try call.parameters.boolean("local"), via: call.request.headers.all("Via"))
    return .created(at: "\(subject.path)/\(subscription.id)")
  }

  func retrieveSubscription(
    _ call: Call, of subject: SubscriptionSubject
  ) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let representation = try subscriptionRepresentation(call, context)
    let view = try await broker.retrieveSubscription(
      call.identifiers[0], of: subject, in: tenant)
    var writer = JSONWriter(reservingCapacity: 1024)
    view.write(to: &writer, as: representation)
    return .body(writer.bytes, as: call.accepts, context: context)
  }

  func querySubscriptions(
    _ call: Call, of subject: SubscriptionSubject
  ) async throws(NGSILDError) -> HTTPResponse {
    let page = try Page(call.parameters)
    let context = try await context(of: call)
    let representation = try subscriptionRepresentation(call, context)
    let tenant = try await tenant(of: call)
    let (views, count) = try await broker.querySubscriptions(
      of: subject, limit: page.limit + 1, offset: page.offset, counts: page.wantsCount, in: tenant)
    var writer = JSONWriter(reservingCapacity: 1024 * (views.count + 1))
    writer.beginArray()
    for view in views.prefix(page.limit) { view.write(to: &writer, as: representation) }
    writer.endArray()
    var response = HTTPResponse.body(writer.bytes, as: call.accepts, context: context)
    response.headers +=
      PageLinks(
        path: subject.path, parameters: call.parameters, isSorted: false,
        page: page, hasMore: views.count > page.limit,
        type: subject == .registrations ? call.linkedType : call.accepts
      ).headers
    if let count { response.headers.append(("NGSILD-Results-Count", "\(count)")) }
    return response
  }

  func updateSubscription(
    _ call: Call, of subject: SubscriptionSubject
  ) async throws(NGSILDError) -> HTTPResponse {
    let (fragment, context) = try await body(of: call)
    let tenant = try await tenant(of: call)
    try await broker.updateSubscription(
      call.identifiers[0], of: subject, with: fragment, context: context, in: tenant,
      at: try contextSite(of: call))
    return .noContent
  }

  func deleteSubscription(
    _ call: Call, of subject: SubscriptionSubject
  ) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    try await broker.deleteSubscription(call.identifiers[0], of: subject, in: tenant)
    return .noContent
  }

  private func subscriptionRepresentation(
    _ call: Call, _ context: Context
  ) throws(NGSILDError) -> SubscriptionRepresentation {
    let options = try call.parameters.options(among: ["sysAttrs"])
    return SubscriptionRepresentation(
      context: context, showsSystemAttributes: options.contains("sysAttrs"),
      embedsContext: call.accepts == .jsonLD)
  }
}

extension SubscriptionSubject {
  /// Of the resource that lists the subscriptions.
  fileprivate var path: String {
    switch self {
    case .entities: "/ngsi-ld/v1/subscriptions"
    case .registrations: "/ngsi-ld/v1/csourceSubscriptions"
    }
  }
}
