import DistributedOperations
import HTTPServer
import JSON
import JSONLD
import NGSILD

/// Which Attributes an operation has written and which it has left alone.
///
/// Standard: GS CIM 009, 5.2.18 and 5.2.19.
struct UpdateResult {
  private struct Failure {
    let name: String
    let reason: String
    var registration: String?
  }

  private var updated: [IRI] = []
  private var notUpdated: [Failure] = []

  init(_ own: WriteOutcome.Own) { add(own) }

  /// - Parameter attributes: those that the operation named.
  init(_ outcome: WriteOutcome, of attributes: Set<IRI>) {
    switch outcome.local {
    case .success(let own)?: add(own)
    case .failure(let error)?:
      let claimed = outcome.parts.filter(\.isProxied)
      for name in attributes.sorted() where !claimed.contains(where: { $0.share.includes(name) }) {
        notUpdated.append(Failure(name: name.text, reason: error.detail))
      }
    case nil: break
    }
    for part in outcome.parts {
      for name in attributes.sorted() where part.share.includes(name) {
        if let problem = part.problem {
          notUpdated.append(
            Failure(name: name.text, reason: problem.detail, registration: part.source))
        } else if !updated.contains(name) {
          updated.append(name)
        }
      }
    }
  }

  private mutating func add(_ own: WriteOutcome.Own) {
    for name in own.updated where !updated.contains(name) { updated.append(name) }
    notUpdated += own.notUpdated.map { Failure(name: $0.name, reason: $0.reason) }
  }

  /// 207.
  var response: HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("updated")
    writer.beginArray()
    for name in updated { writer.string(name.text) }
    writer.endArray()
    writer.name("notUpdated")
    writer.beginArray()
    for failure in notUpdated { write(failure, to: &writer) }
    writer.endArray()
    writer.endObject()
    return .plainJSON(writer.bytes, status: 207)
  }

  private func write(_ failure: Failure, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("attributeName")
    writer.string(failure.name)
    writer.name("reason")
    writer.string(failure.reason)
    if let registration = failure.registration {
      writer.name("registrationId")
      writer.string(registration)
    }
    writer.endObject()
  }
}
