package import JSON
package import NGSILD

/// What came of a Snapshot's queries, in their order.
package struct ExecutionResults: Sendable {
  package var queries: [ExecutionResult] = []
  package var temporalQueries: [ExecutionResult] = []

  package init() {}

  /// What they make of the Snapshot (5.16.1.4).
  ///
  /// Choice: queries that found something beside others that did not make it `partial`.
  package var status: Snapshot.Status {
    let statuses = Set((queries + temporalQueries).map(\.status))
    if statuses == [.success] { return .success }
    if statuses.contains(.success) { return .partial }
    return statuses.contains(.empty) ? .empty : .failure
  }
}

/// What came of one query.
///
/// Standard: ExecutionResultDetails (GS CIM 009, 5.2.42).
package enum ExecutionResult: Sendable {
  case success, empty
  case failure(NGSILDError)

  enum Status: String { case success, empty, failure }

  var status: Status {
    switch self {
    case .success: .success
    case .empty: .empty
    case .failure: .failure
    }
  }

  package init(count: Int) { self = count > 0 ? .success : .empty }
}

// MARK: JSON

extension ExecutionResults {
  /// The form in which they are stored.
  package var stored: [UInt8] {
    var writer = JSONWriter(reservingCapacity: 256)
    writer.beginObject()
    writer.member("queries", queries)
    writer.member("temporalQueries", temporalQueries)
    writer.endObject()
    return writer.bytes
  }

  package init(stored: JSONValue) {
    queries = (stored["queries"]?.elements).map { $0.map(ExecutionResult.init(stored:)) } ?? []
    temporalQueries =
      (stored["temporalQueries"]?.elements).map { $0.map(ExecutionResult.init(stored:)) } ?? []
  }
}

extension ExecutionResult {
  init(stored: JSONValue) {
    switch stored["resultStatus"]?.string.flatMap(Status.init(rawValue:)) {
    case .success: self = .success
    case .empty: self = .empty
    default:
      let problem = stored["problemDetails"]
      self = .failure(
        NGSILDError(
          (problem?["title"]?.string).flatMap(NGSILDError.Kind.init(rawValue:)) ?? .internalError,
          problem?["detail"]?.string ?? ""))
    }
  }

  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("resultStatus", status.rawValue)
    if case .failure(let error) = self {
      writer.name("problemDetails")
      writer.beginObject()
      writer.member("type", "https://uri.etsi.org/ngsi-ld/errors/\(error.kind.rawValue)")
      writer.member("title", error.kind.rawValue)
      writer.member("detail", error.detail)
      writer.endObject()
    }
    writer.endObject()
  }
}

extension JSONWriter {
  mutating func member(_ name: StaticString, _ results: [ExecutionResult]) {
    guard !results.isEmpty else { return }
    self.name(name)
    beginArray()
    for result in results { result.write(to: &self) }
    endArray()
  }
}
