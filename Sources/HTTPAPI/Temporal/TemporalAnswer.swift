import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// How an answer shows the temporal evolution of Entities.
///
/// Standard: GS CIM 009, 6.3.6, 6.3.7, 6.3.10.
struct TemporalAnswer {
  let representation: TemporalRepresentation
  /// Set if values are aggregated.
  let aggregation: Aggregation?
  private let accepts: MediaType
  var context: Context { representation.instances.context }

  enum Format: String, CaseIterable {
    case normalized, temporalValues, aggregatedValues
  }

  init(to call: Call, _ request: TemporalRequest, _ context: Context) throws(NGSILDError) {
    let names = Set(Format.allCases.map(\.rawValue))
    let options = try call.parameters.options(among: names.union(["sysAttrs"]))
    // A body that says what to compute asks for it; parameters of a URL have a format beside them.
    let isImplied = call.operation == .queryTemporalEntitiesByPost && request.aggregation != nil
    var format =
      options.lazy.compactMap(Format.init(rawValue:)).first
      ?? (isImplied ? .aggregatedValues : .normalized)
    if let name = call.parameters["format"] {
      guard let known = Format(rawValue: name) else {
        throw NGSILDError(
          .invalidRequest,
          "The format '\(name)' is unknown; \(names.sorted().joined(separator: ", ")) are known")
      }
      format = known
    }
    if format == .aggregatedValues {
      guard call.accepts != .csv else {
        throw NGSILDError(.notAcceptable, "Aggregated values are not available as text/csv")
      }
      guard let aggregation = request.aggregation else {
        throw .badRequestData("Aggregated values need aggrMethods, such as avg or totalCount")
      }
      self.aggregation = aggregation
    } else {
      aggregation = nil
    }
    accepts = call.accepts
    var instances = Representation(context: context, embedsContext: call.accepts == .jsonLD)
    instances.showsSystemAttributes = options.contains("sysAttrs")
    instances.members = request.members
    instances.language = request.conditions.languages
    representation = TemporalRepresentation(
      instances: instances, isSimplified: format == .temporalValues,
      property: request.temporal.timeproperty)
  }

  /// Nil if the Entity has nothing of what is to be shown.
  func response(retrieved page: HistoryPage) -> HTTPResponse? {
    var writer = JSONWriter(reservingCapacity: 4096)
    for history in page.histories {
      guard representation.write(history, to: &writer) else { return nil }
    }
    return body(writer.bytes, page.range)
  }

  func response(_ page: HistoryPage) -> HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 4096)
    writer.beginArray()
    for history in page.histories { representation.write(history, to: &writer) }
    writer.endArray()
    return body(writer.bytes, page.range)
  }

  func response(retrieved page: AggregatedPage) -> HTTPResponse? {
    var writer = JSONWriter(reservingCapacity: 4096)
    for history in page.histories {
      guard representation.write(history, to: &writer) else { return nil }
    }
    return body(writer.bytes, nil)
  }

  func response(_ page: AggregatedPage) -> HTTPResponse {
    var writer = JSONWriter(reservingCapacity: 4096)
    writer.beginArray()
    for history in page.histories { representation.write(history, to: &writer) }
    writer.endArray()
    return body(writer.bytes, nil)
  }

  private func body(_ bytes: [UInt8], _ range: HistoryRange?) -> HTTPResponse {
    var response = HTTPResponse.body(
      bytes, as: accepts, context: context, status: range == nil ? 200 : 206)
    if let range { response.headers.append(("Content-Range", range.headerValue)) }
    return response
  }
}

extension HistoryRange {
  /// Shape: `date-time <start>-<end>/<size>`.
  fileprivate var headerValue: String {
    "date-time \(start)-\(end)/\(lastN.map { "\($0)" } ?? "*")"
  }
}
