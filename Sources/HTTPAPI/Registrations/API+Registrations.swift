import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Storage

/// Context Source Registrations (GS CIM 009, 6.8, 6.9).
extension API {
  func createRegistration(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let tenant = try await newTenant(of: call)
    let registration = try await broker.createRegistration(
      body, context: context, in: tenant, named: tenantName(of: call))
    return .created(at: "/ngsi-ld/v1/csourceRegistrations/\(registration.id)")
  }

  func retrieveRegistration(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let representation = try registrationRepresentation(call, context)
    let view = try await broker.retrieveRegistration(call.identifiers[0], in: tenant)
    var writer = JSONWriter(reservingCapacity: 1024)
    view.write(to: &writer, as: representation)
    return .body(writer.bytes, as: call.accepts, context: context)
  }

  func queryRegistrations(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let page = try Page(call.parameters)
    let context = try await context(of: call)
    let request = try QueryRequest(parameters: { call.parameters[$0] }, expander: context)
    let temporal = try TemporalQuery(discovery: call.parameters)
    try request.requireDiscovery()
    let representation = try registrationRepresentation(call, context)
    let tenant = try await tenant(of: call)
    let (views, count) = try await broker.queryRegistrations(
      request, temporal, limit: page.limit + 1, offset: page.offset, counts: page.wantsCount,
      in: tenant)
    var writer = JSONWriter(reservingCapacity: 1024 * (views.count + 1))
    writer.beginArray()
    for view in views.prefix(page.limit) { view.write(to: &writer, as: representation) }
    writer.endArray()
    var response = HTTPResponse.body(writer.bytes, as: call.accepts, context: context)
    response.headers +=
      PageLinks(
        path: "/ngsi-ld/v1/csourceRegistrations", parameters: call.parameters, isSorted: false,
        page: page, hasMore: views.count > page.limit, type: call.linkedType
      ).headers
    if let count { response.headers.append(("NGSILD-Results-Count", "\(count)")) }
    return response
  }

  func updateRegistration(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (fragment, context) = try await body(of: call)
    let tenant = try await tenant(of: call)
    try await broker.updateRegistration(
      call.identifiers[0], with: fragment, context: context, in: tenant,
      named: tenantName(of: call))
    return .noContent
  }

  func deleteRegistration(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let tenant = try await tenant(of: call)
    try await broker.deleteRegistration(call.identifiers[0], in: tenant)
    return .noContent
  }

  private func registrationRepresentation(
    _ call: Call, _ context: Context
  ) throws(NGSILDError) -> RegistrationRepresentation {
    let options = try call.parameters.options(among: ["sysAttrs"])
    return RegistrationRepresentation(
      context: context, showsSystemAttributes: options.contains("sysAttrs"),
      embedsContext: call.accepts == .jsonLD)
  }
}

extension TemporalQuery {
  /// nil where a discovery is for sources that have what is now.
  fileprivate init?(discovery parameters: Parameters) throws(NGSILDError) {
    let query = try TemporalQuery(
      timerel: parameters["timerel"], timeAt: parameters["timeAt"],
      endTimeAt: parameters["endTimeAt"], timeproperty: parameters["timeproperty"], lastN: nil)
    guard query.interval != nil else { return nil }
    self = query
  }
}

extension QueryRequest {
  /// Refuses to list all registrations (5.10.2.4).
  ///
  /// Choice: an id or a pattern of ids is enough.
  ///
  /// - Throws: `badRequestData`.
  fileprivate func requireDiscovery() throws(NGSILDError) {
    let hasAttributes = !projection.attributes.isEmpty || query?.attributes.isEmpty == false
    guard !selectors.isEmpty || hasAttributes || geo != nil else {
      throw .badRequestData(
        "The query is too wide; right is one with type, id, idPattern, attrs, q on an Attribute or "
          + "a geo-query")
    }
  }
}
