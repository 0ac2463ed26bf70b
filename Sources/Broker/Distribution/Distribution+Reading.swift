import DistributedOperations
import HTTPClient
import JSON
import JSONLD
import NGSILD
import Registrations

/// What a source answered to one request for data.
struct SourceReading: Sendable {
  /// nil if it has nothing, or failed.
  var answer: Answer?
  var hasFailed = false
  var warnings: [SourceWarning] = []

  struct Answer: Sendable {
    let value: JSONValue
    /// How far the instances go, where they are not all (206).
    let range: AnsweredRange?
    let contexts: SourceContexts
  }
}

extension Distribution {
  /// Asks a source for data; it cannot fail, but leave warnings (6.3.17).
  func read(_ request: SourceRequest, at address: SourceAddress) async -> SourceReading {
    let source = address.registration.id
    var reading = SourceReading()
    switch await send(request, to: address.registration) {
    case .failure(let failure):
      reading.hasFailed = true
      reading.warnings = [warning(of: failure, at: source)]
    case .success(let response):
      reading.warnings = response.relayedWarnings
      guard response.status != 404 else { return reading }
      guard 200..<300 ~= response.status else {
        reading.hasFailed = true
        reading.warnings.append(
          warning(.refused, "\(source) answered with the status \(response.status)"))
        return reading
      }
      do throws(NGSILDError) {
        reading.answer = try await answer(in: response, sentWith: address.context)
      } catch {
        reading.hasFailed = true
        reading.warnings.append(warning(of: error, at: source))
      }
    }
    return reading
  }

  private func answer(
    in response: HTTPClientResponse, sentWith context: Context
  ) async throws(NGSILDError) -> SourceReading.Answer {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: response.body)
    } catch {
      throw NGSILDError(.invalidRequest, "\(error)")
    }
    let range = response.status == 206 ? response.headers.first("Content-Range") : nil
    return SourceReading.Answer(
      value: value, range: range.flatMap(AnsweredRange.init),
      contexts: try await SourceContexts(
        of: value, link: try? LinkHeader.contextURL(in: response.headers.all("Link")),
        otherwise: context, in: origin.tenantName, by: broker.contexts))
  }

  // MARK: Warnings

  func warning(_ code: SourceWarning.Code, _ message: String) -> SourceWarning {
    SourceWarning(code, by: origin.alias, message)
  }

  /// An answer that is no NGSI-LD.
  func warning(of error: NGSILDError, at source: String) -> SourceWarning {
    warning(.invalid, "\(source) answered with no NGSI-LD: \(error.detail)")
  }

  private func warning(of failure: SourceFailure, at source: String) -> SourceWarning {
    switch failure {
    case .timeout: warning(.unanswered, "\(source) did not answer in time")
    case .coolingDown: warning(.unanswered, "\(source) failed a short while ago")
    case .unreachable(let reason): warning(.unanswered, "\(source) gave no answer: \(reason)")
    case .tooLarge(let bytesMax):
      warning(.invalid, "\(source) answered with more than \(bytesMax) bytes")
    }
  }
}

extension HTTPClientResponse {
  fileprivate var relayedWarnings: [SourceWarning] {
    let values = headers.all("NGSILD-Warning").lazy.compactMap(SourceWarning.init(relayed:))
    return Array(values.prefix(SourceWarning.relayedMax))
  }
}
