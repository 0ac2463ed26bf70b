import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Temporal consumption (GS CIM 009, 5.7.3, 6.19).
extension API {
  func retrieveTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let parameters = call.parameters
    let query = try TemporalQuery(
      timerel: parameters["timerel"], timeAt: parameters["timeAt"],
      endTimeAt: parameters["endTimeAt"], timeproperty: parameters["timeproperty"],
      lastN: parameters["lastN"])
    let projection = try Projection(
      attrs: parameters["attrs"], pick: nil, omit: nil, expander: context)
    let options = try call.parameters.options(among: ["sysAttrs", "temporalValues"])
    let format = call.parameters["format"] ?? "normalized"
    guard ["normalized", "temporalValues", "simplified"].contains(format) else {
      throw NGSILDError(
        .invalidRequest,
        "The format '\(format)' is unknown; normalized or temporalValues is expected")
    }
    for name in ["pick", "omit", "datasetId"] where call.parameters[name] != nil {
      throw NGSILDError(.notImplemented, "The parameter '\(name)' is not built yet")
    }
    let history = try await broker.retrieveTemporalEntity(
      id, query, attributes: projection.attributes, in: tenant)
    let isSimplified = call.parameters["format"].map { $0 != "normalized" }
    let representation = TemporalRepresentation(
      isSimplified: isSimplified ?? options.contains("temporalValues"),
      showsSystemAttributes: options.contains("sysAttrs"), property: query.timeproperty,
      context: context, embedsContext: call.accepts == .jsonLD)
    var writer = JSONWriter(reservingCapacity: 256 * (history.instances.count + 2))
    representation.write(history, to: &writer)
    return .body(writer.bytes, as: call.accepts, context: context)
  }
}
