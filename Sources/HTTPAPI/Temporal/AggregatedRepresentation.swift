import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// How values that were aggregated are shown.
///
/// Standard: aggregated temporal representation (GS CIM 009, 4.5.19).
extension TemporalRepresentation {
  /// Returns whether any member was left to show; nothing is written if not.
  @discardableResult
  func write(_ aggregated: AggregatedHistory, to writer: inout JSONWriter) -> Bool {
    let start = writer.position
    writer.beginObject()
    let hasMembers = writeMembers(of: aggregated.history, to: &writer)
    for series in aggregated.series { write(series, to: &writer) }
    return endObject(
      from: start, hasMembers: hasMembers || !aggregated.series.isEmpty, to: &writer)
  }

  private func write(_ series: AggregatedSeries, to writer: inout JSONWriter) {
    writer.name(instances.context.compact(series.attribute))
    writer.beginObject()
    writer.name("type")
    writer.string(series.type.term)
    for (method, periods) in series.results {
      writer.name(method.rawValue)
      writer.beginArray()
      for period in periods {
        writer.beginArray()
        write(period.value, to: &writer)
        writer.string(period.start.description)
        writer.string(period.end.description)
        writer.endArray()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  private func write(_ value: AggregatedSeries.Value, to writer: inout JSONWriter) {
    switch value {
    case .count(let count): writer.integer(count)
    case .text(let text): writer.string(text)
    case .number(let number): writer.double(number)
    }
  }
}
