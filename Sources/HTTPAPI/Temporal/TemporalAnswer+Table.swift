import Broker
import HTTPServer
import NGSILD
import Storage

extension TemporalAnswer {
  /// A table of all instances, however many: it is read while it is sent.
  func table(_ reading: HistoryReading, from broker: Broker) -> HTTPResponse {
    var headers = [("Content-Type", "\(MediaType.csv.rawValue); charset=utf-8; header=present")]
    if let url = context.linkURL { headers.append(("Link", LinkHeader.context(url))) }
    let representation = representation
    return HTTPResponse(status: 200, headers: headers) { body throws(HTTPBodyBrokenOff) in
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
