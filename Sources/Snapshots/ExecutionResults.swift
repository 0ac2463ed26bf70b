package import JSON
package import NGSILD

/// What came of a Snapshot's queries, in their order.
package struct ExecutionResults: Sendable {
  package var queries: [ExecutionResult] = []
  package var temporalQueries: [ExecutionResult] = []

  package init() {}

  /// What they make of the Snapshot (5.16.1.4).
  ///
  /// Choice: queries that found something beside others that did not make it `partial`, as does one
  /// that could not find all.
  package var status: Snapshot.Status {
    let results = queries + temporalQueries
    let statuses = Set(results.map(\.status))
    if statuses == [.success] {
      return results.contains { $0.problem != nil } ? .partial : .success
    }
    if statuses.contains(.success) { return .partial }
    return statuses.contains(.empty) ? .empty : .failure
  }
}

/// What came of one query.
///
/// Standard: ExecutionResultDetails (GS CIM 009, 5.2.42).
package struct ExecutionResult: Sendable {
  enum Status: String { case success, empty, failure }

  let status: Status
  /// Why nothing was found, or not all that there may be.
  let problem: ExecutionProblem?

  /// Choice: what was found is a success also where something is missing; where nothing was found,
  /// nobody knows whether there is anything.
  package init(count: Int, missing: ExecutionProblem? = nil) {
    status = count > 0 ? .success : missing == nil ? .empty : .failure
    problem = missing
  }

  package init(failure: NGSILDError) {
    status = .failure
    problem = ExecutionProblem(failure)
  }
}

/// Why a query did not find all.
///
/// Standard: ProblemDetails (GS CIM 009, 5.5.3).
package struct ExecutionProblem: Sendable {
  let type: String
  let title: String
  let detail: String

  fileprivate init(_ error: NGSILDError) {
    type = "https://uri.etsi.org/ngsi-ld/errors/\(error.kind.rawValue)"
    title = error.kind.rawValue
    detail = error.detail
  }

  /// Choice: the standard has no type for what Context Sources did.
  ///
  /// - Parameter warnings: as they stand in the header of an answer; nil for none.
  package init?(atSources warnings: [String]) {
    guard !warnings.isEmpty else { return nil }
    type = "about:blank"
    title = "Context Source failed"
    detail = warnings.joined(separator: ", ")
  }
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
    status = (stored["resultStatus"]?.string).flatMap(Status.init) ?? .failure
    problem = stored["problemDetails"].map(ExecutionProblem.init(stored:))
  }

  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("resultStatus", status.rawValue)
    if let problem {
      writer.name("problemDetails")
      writer.beginObject()
      writer.member("type", problem.type)
      writer.member("title", problem.title)
      writer.member("detail", problem.detail)
      writer.endObject()
    }
    writer.endObject()
  }
}

extension ExecutionProblem {
  fileprivate init(stored: JSONValue) {
    type = stored["type"]?.string ?? "about:blank"
    title = stored["title"]?.string ?? ""
    detail = stored["detail"]?.string ?? ""
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
