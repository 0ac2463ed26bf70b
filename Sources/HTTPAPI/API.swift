package import Broker
package import HTTPServer
import NGSILD

/// The HTTP binding: routes a request to its operation and turns the outcome into a response.
///
/// Standard: GS CIM 009, 6.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class API: HTTPResponder, @unchecked Sendable {
  let broker: Broker
  let operations: any OperatorResponder
  let configuration: APIConfiguration
  /// Choice: 64 MB for each loop, some ten thousand Entities. It grows with what is asked for.
  var written = WrittenEntities(sizeMax: 64 << 20)
  /// Numbers requests, beginning at random, so that ids of several processes differ.
  private var lastRequest = UInt64.random(in: 0...UInt64.max >> 16)

  package init(
    broker: Broker, operations: any OperatorResponder,
    configuration: APIConfiguration = APIConfiguration()
  ) {
    self.broker = broker
    self.operations = operations
    self.configuration = configuration
  }

  /// Route, method and headers, before the body is read (6.3.2, 6.3.4).
  package func refuse(_ head: HTTPRequest) -> HTTPResponse? {
    let response = refusal(of: head)
    guard var response else { return nil }
    complete(&response, to: head)
    return response
  }

  private func refusal(of head: HTTPRequest) -> HTTPResponse? {
    guard let resource = Resource(path: head.path) else {
      let error = NGSILDError(.resourceNotFound, "There is no resource '\(head.path)'")
      return ProblemDetails(error).response
    }
    guard resource.operation(of: head.method) != nil else {
      return head.method == "OPTIONS"
        ? options(head, on: resource) : methodNotAllowed(head.method, on: resource)
    }
    guard ["POST", "PATCH", "PUT"].contains(head.method), resource.takesBody(head.method) else {
      return nil
    }
    guard head.headers.contains("Content-Length") else { return HTTPResponse(status: 411) }
    guard let contentType = head.headers.first("Content-Type") else {
      // Choice: it counts as JSON, but for POST: that, web pages of any origin can send without a
      // preflight.
      return head.method == "POST" ? HTTPResponse(status: 415) : nil
    }
    switch MediaType(contentType: contentType) {
    case .json, .jsonLD: return nil
    case .mergePatch where head.method == "PATCH": return nil
    default: return HTTPResponse(status: 415)
    }
  }

  private func options(_ head: HTTPRequest, on resource: Resource) -> HTTPResponse {
    var response = HTTPResponse(status: 204, headers: [("Allow", resource.allow)])
    configuration.origins.answer(preflight: head, allow: resource.allow, in: &response)
    return response
  }

  private func methodNotAllowed(_ method: String, on resource: Resource) -> HTTPResponse {
    var response = ProblemDetails(
      status: 405, title: "Method not allowed",
      detail: "The method '\(method)' is not defined here; \(resource.allow) is expected"
    ).response
    response.headers.append(("Allow", resource.allow))
    return response
  }

  package func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard let resource = Resource(path: request.path),
      let operation = resource.operation(of: request.method)
    else { return refuse(request) ?? failure(status: 404, detail: "There is no such resource") }
    let started = ContinuousClock.now
    var response: HTTPResponse
    do throws(NGSILDError) {
      let call = try Call(request, operation, resource)
      response = try await carryOut(call)
      call.acknowledge(in: &response)
    } catch {
      response = ProblemDetails(error).response
    }
    complete(&response, to: request)
    lastRequest &+= 1
    operations.answered(
      AnsweredRequest(
        id: lastRequest, method: request.method, route: resource.template,
        status: response.status, duration: .now - started))
    return response
  }

  package func failure(status: Int, detail: String) -> HTTPResponse {
    ProblemDetails(status: status, title: "Request refused", detail: detail).response
  }

  /// Adds what every response has, success or not: the tenant (6.3.14), the Snapshot (6.3.22), and
  /// who may read it.
  private func complete(_ response: inout HTTPResponse, to request: HTTPRequest) {
    for name in ["NGSILD-Tenant", Self.snapshotHeader] {
      if let value = request.headers.first(name) { response.headers.append((name, value)) }
    }
    configuration.origins.admit(request, to: &response)
  }

  private func carryOut(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    switch call.operation {
    case .createEntity: try await createEntity(call)
    case .retrieveEntity: try await retrieveEntity(call)
    case .queryEntities: try await queryEntities(call)
    case .queryEntitiesByPost: try await queryEntitiesByPost(call)
    case .deleteEntity: try await deleteEntity(call)
    case .replaceEntity: try await replaceEntity(call)
    case .mergeEntity: try await mergeEntity(call)
    case .appendAttributes: try await appendAttributes(call)
    case .updateAttributes: try await updateAttributes(call)
    case .updateAttribute: try await updateAttribute(call)
    case .replaceAttribute: try await replaceAttribute(call)
    case .deleteAttribute: try await deleteAttribute(call)
    case .purgeEntities: try await purgeEntities(call)
    case .createBatch: try await createBatch(call)
    case .upsertBatch: try await upsertBatch(call)
    case .updateBatch: try await updateBatch(call)
    case .deleteBatch: try await deleteBatch(call)
    case .mergeBatch: try await mergeBatch(call)
    case .retrieveTypes: try await retrieveTypes(call)
    case .retrieveType: try await retrieveType(call)
    case .retrieveAttributes: try await retrieveAttributes(call)
    case .retrieveAttribute: try await retrieveAttribute(call)
    case .createSubscription: try await createSubscription(call, of: .entities)
    case .retrieveSubscription: try await retrieveSubscription(call, of: .entities)
    case .querySubscriptions: try await querySubscriptions(call, of: .entities)
    case .updateSubscription: try await updateSubscription(call, of: .entities)
    case .deleteSubscription: try await deleteSubscription(call, of: .entities)
    case .takeSourceNotification: try await takeSourceNotification(call)
    case .createRegistration: try await createRegistration(call)
    case .retrieveRegistration: try await retrieveRegistration(call)
    case .queryRegistrations: try await queryRegistrations(call)
    case .updateRegistration: try await updateRegistration(call)
    case .deleteRegistration: try await deleteRegistration(call)
    case .createRegistrationSubscription: try await createSubscription(call, of: .registrations)
    case .retrieveRegistrationSubscription:
      try await retrieveSubscription(call, of: .registrations)
    case .queryRegistrationSubscriptions: try await querySubscriptions(call, of: .registrations)
    case .updateRegistrationSubscription: try await updateSubscription(call, of: .registrations)
    case .deleteRegistrationSubscription: try await deleteSubscription(call, of: .registrations)
    case .upsertTemporalEntity: try await upsertTemporalEntity(call)
    case .appendTemporalAttributes: try await appendTemporalAttributes(call)
    case .deleteTemporalEntity: try await deleteTemporalEntity(call)
    case .deleteTemporalAttribute: try await deleteTemporalAttribute(call)
    case .updateTemporalInstance: try await updateTemporalInstance(call)
    case .deleteTemporalInstance: try await deleteTemporalInstance(call)
    case .retrieveTemporalEntity: try await retrieveTemporalEntity(call)
    case .queryTemporalEntities: try await queryTemporalEntities(call)
    case .queryTemporalEntitiesByPost: try await queryTemporalEntitiesByPost(call)
    case .addContext: try await addContext(call)
    case .listContexts: try await listContexts(call)
    case .serveContext: try await serveContext(call)
    case .deleteContext: try await deleteContext(call)
    case .createEntityMap: try await createEntityMap(call)
    case .createTemporalEntityMap: try await createTemporalEntityMap(call)
    case .retrieveEntityMap: try await retrieveEntityMap(call)
    case .updateEntityMap: try await updateEntityMap(call)
    case .deleteEntityMap: try await deleteEntityMap(call)
    case .createSnapshot: try await createSnapshot(call)
    case .retrieveSnapshot: try await retrieveSnapshot(call)
    case .updateSnapshot: try await updateSnapshot(call)
    case .deleteSnapshot: try await deleteSnapshot(call)
    case .cloneSnapshot: try await cloneSnapshot(call)
    case .purgeSnapshots: try await purgeSnapshots(call)
    case .retrieveSourceIdentity: try await retrieveSourceIdentity(call)
    case .listDeliveries: try await listDeliveries(call)
    case .retryDelivery: try await retryDelivery(call)
    case .explainSubscription: try await explainSubscription(call)
    case .followEvents: try await followEvents(call)
    case .showLivePage: showLivePage()
    case .health: await operations.health()
    case .metrics: await operations.metrics()
    case .version: operations.version()
    }
  }
}

/// What operators ask for, and what they are told of each request.
package protocol OperatorResponder: Sendable {
  func health() async -> HTTPResponse
  func metrics() async -> HTTPResponse
  func version() -> HTTPResponse
  func answered(_ request: AnsweredRequest)
}

/// What logs and metrics hear of a request.
package struct AnsweredRequest: Sendable {
  package let id: UInt64
  package let method: String
  /// The path with `{}` for its variable parts.
  package let route: String
  package let status: Int
  package let duration: Duration
}
