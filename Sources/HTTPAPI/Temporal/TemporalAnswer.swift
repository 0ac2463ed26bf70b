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
  /// Set where the reader knows no more than an older version of the standard.
  private let olderVersion: SpecificationVersion?
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
    olderVersion = call.preferences?.version.flatMap { $0 < .own ? $0 : nil }
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
    if accepts == .csv { return table(page) }
    return response(page.range) { shown, writer in
      page.histories.allSatisfy { shown.write($0, to: &writer) }
    }
  }

  func response(_ page: HistoryPage) -> HTTPResponse {
    if accepts == .csv { return table(page) }
    return list(page.range) { shown, writer in
      for history in page.histories { shown.write(history, to: &writer) }
    }
  }

  func response(retrieved page: AggregatedPage) -> HTTPResponse? {
    response(nil) { shown, writer in page.histories.allSatisfy { shown.write($0, to: &writer) } }
  }

  func response(_ page: AggregatedPage) -> HTTPResponse {
    list(nil) { shown, writer in
      for history in page.histories { shown.write(history, to: &writer) }
    }
  }

  private func list(
    _ range: HistoryRange?, _ write: (TemporalRepresentation, inout JSONWriter) -> Void
  ) -> HTTPResponse {
    let response = response(range) { shown, writer in
      writer.beginArray()
      write(shown, &writer)
      writer.endArray()
      return true
    }
    guard let response else { preconditionFailure("A list is always shown") }
    return response
  }

  /// 200, 206 if a range of all was asked for, or else 203 if an older version needs another body
  /// (4.3.6.8).
  private func response(
    _ range: HistoryRange?, _ write: (TemporalRepresentation, inout JSONWriter) -> Bool
  ) -> HTTPResponse? {
    var writer = JSONWriter(reservingCapacity: 4096)
    guard write(representation, &writer) else { return nil }
    guard let olderVersion else { return body(writer.bytes, range, isAmended: false) }
    var older = representation
    older.instances.olderVersion = olderVersion
    var olderWriter = JSONWriter(reservingCapacity: writer.bytes.count)
    guard write(older, &olderWriter) else { return nil }
    return body(olderWriter.bytes, range, isAmended: olderWriter.bytes != writer.bytes)
  }

  private func body(_ bytes: [UInt8], _ range: HistoryRange?, isAmended: Bool) -> HTTPResponse {
    var response = HTTPResponse.body(
      bytes, as: accepts, context: context,
      status: range == nil ? (isAmended ? 203 : 200) : 206)
    if let range { response.headers.append(("Content-Range", range.headerValue)) }
    return response
  }
}

extension HistoryRange {
  /// Shape: `date-time <start>-<end>/<size>`.
  var headerValue: String {
    "date-time \(start)-\(end)/\(lastN.map { "\($0)" } ?? "*")"
  }
}
