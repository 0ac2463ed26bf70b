import Broker
import HTTPServer
import NGSILD
import Storage

extension TemporalAnswer {
  /// A table of all instances, however many: it is read while it is sent.
  func table(_ reading: HistoryReading, from broker: Broker) -> HTTPResponse {
    let representation = representation
    return HTTPResponse(status: 200, headers: tableHeaders) { body throws(HTTPBodyBrokenOff) in
      var reading = reading
      var table = TemporalTable(representation)
      table.writeHeader()
      while true {
        let pieces = try await Self.next(of: &reading, from: broker)
        for piece in pieces { table.write(piece) }
        try await body.write(table.take())
        if pieces.isEmpty { return }
      }
    }
  }

  /// A table of what one answer holds: of what is put together with what Context Sources have.
  func table(_ page: HistoryPage) -> HTTPResponse {
    var table = TemporalTable(representation)
    table.writeHeader()
    for history in page.histories {
      for series in history.series { table.write(series, of: history) }
    }
    var response = HTTPResponse(
      status: page.range == nil ? 200 : 206, headers: tableHeaders, body: table.take())
    if let range = page.range { response.headers.append(("Content-Range", range.headerValue)) }
    return response
  }

  private var tableHeaders: [(String, String)] {
    var headers = [("Content-Type", "\(MediaType.csv.rawValue); charset=utf-8; header=present")]
    if let url = context.linkURL { headers.append(("Link", LinkHeader.context(url))) }
    return headers
  }

  private static func next(
    of reading: inout HistoryReading, from broker: Broker
  ) async throws(HTTPBodyBrokenOff) -> [HistoryReading.Piece] {
    do throws(NGSILDError) {
      return try await broker.next(of: &reading)
    } catch {
      throw HTTPBodyBrokenOff()
    }
  }
}
