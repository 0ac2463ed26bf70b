import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage

/// Temporal consumption (GS CIM 009, 5.7.3, 6.19).
extension API {
  func retrieveTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let query = try historyQuery(call, context)
    let options = try call.parameters.options(among: ["sysAttrs", "temporalValues"])
    let format = call.parameters["format"] ?? "normalized"
    guard ["normalized", "temporalValues", "simplified"].contains(format) else {
      throw NGSILDError(
        .invalidRequest,
        "The format '\(format)' is unknown; normalized or temporalValues is expected")
    }
    for name in ["pick", "omit", "lang", "datasetId"] where call.parameters[name] != nil {
      throw NGSILDError(.notImplemented, "The parameter '\(name)' is not built yet")
    }
    let history = try await broker.retrieveTemporalEntity(id, query, in: tenant)
    let isSimplified = call.parameters["format"].map { $0 != "normalized" }
    let representation = TemporalRepresentation(
      isSimplified: isSimplified ?? options.contains("temporalValues"),
      showsSystemAttributes: options.contains("sysAttrs"), property: query.property,
      context: context, embedsContext: call.accepts == .jsonLD)
    var writer = JSONWriter(reservingCapacity: 256 * (history.instances.count + 2))
    representation.write(history, to: &writer)
    return .body(writer.bytes, as: call.accepts, context: context)
  }

  /// The temporal query of a Retrieve: optional, but complete if it is there (4.11).
  private func historyQuery(
    _ call: Call, _ context: Context
  ) throws(NGSILDError) -> HistoryQuery {
    let parameters = call.parameters
    var query = HistoryQuery()
    for name in try parameters.tokens("attrs") ?? [] {
      try requireName(name, as: "The Attribute name")
      query.attributes.append(context.expand(name))
    }
    if let text = parameters["timeproperty"] {
      guard let property = HistoryQuery.TimeProperty(rawValue: text) else {
        throw .badRequestData(
          "The timeproperty '\(text)' is unknown; observedAt, createdAt, modifiedAt or deletedAt "
            + "is expected")
      }
      query.property = property
    }
    query.lastN = try parameters.integer("lastN", in: 1...Int.max >> 8)
    try setRange(of: &query, parameters)
    return query
  }

  /// `before` excludes its instant, `after` includes it, `between` includes its first only.
  private func setRange(
    of query: inout HistoryQuery, _ parameters: Parameters
  ) throws(NGSILDError) {
    let timeAt = try dateTime("timeAt", parameters)
    guard let relation = parameters["timerel"] else {
      guard timeAt == nil else { throw .badRequestData("timeAt is given without timerel") }
      return
    }
    guard ["before", "after", "between"].contains(relation) else {
      throw .badRequestData(
        "The timerel '\(relation)' is unknown; before, after or between is expected")
    }
    guard let timeAt else { throw .badRequestData("timerel=\(relation) needs timeAt") }
    switch relation {
    case "before": query.to = timeAt
    case "after": query.from = timeAt
    default:
      guard let end = try dateTime("endTimeAt", parameters) else {
        throw .badRequestData("timerel=between needs endTimeAt")
      }
      query.from = timeAt
      query.to = end
    }
  }

  private func dateTime(
    _ name: String, _ parameters: Parameters
  ) throws(NGSILDError) -> DateTime? {
    guard let text = parameters[name] else { return nil }
    return try DateTime(parsing: text, of: name)
  }
}
