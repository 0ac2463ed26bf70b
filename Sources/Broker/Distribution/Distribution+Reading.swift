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
  /// Whether it answered that it will not, or cannot.
  var isRefused = false
  var warnings: [SourceWarning] = []
  /// How long the answer is.
  var bytes = 0

  struct Answer: Sendable {
    let value: JSONValue
    /// How far the instances go, where they are not all (206).
    let range: AnsweredRange?
    let contexts: SourceContexts
  }
}

extension Distribution {
  /// Asks a source for data; it cannot fail, but leave warnings (6.3.17).
  ///
  /// - Parameter bytesMax: of the answer.
  func read(
    _ request: SourceRequest, at address: SourceAddress,
    bytesMax: Int = SourceClient.answerBytesMax
  ) async -> SourceReading {
    let source = address.registration
    let deadline = deadline(of: source)
    var reading = SourceReading()
    switch await send(request, to: source, bytesMax: bytesMax) {
    case .failure(let failure):
      reading.hasFailed = true
      reading.warnings = [warning(of: failure, at: source.id)]
    case .success(let response):
      reading.warnings = response.relayedWarnings
      reading.isRefused = response.status >= 400
      guard response.status != 404 else { return reading }
      guard 200..<300 ~= response.status else {
        reading.hasFailed = true
        reading.warnings.append(
          warning(.refused, "\(source.id) answered with the status \(response.status)"))
        return reading
      }
      guard answers.take(response.body.count) else {
        reading.hasFailed = true
        reading.warnings.append(
          warning(.unanswered, "\(source.id) answered while too many answers were at work on"))
        return reading
      }
      reading.bytes = response.body.count
      do throws(NGSILDError) {
        reading.answer = try await answer(in: response, to: address, deadline)
      } catch {
        reading.hasFailed = true
        reading.warnings.append(unusable(error, of: source))
      }
    }
    return reading
  }

  private func answer(
    in response: HTTPClientResponse, to address: SourceAddress,
    _ deadline: ContinuousClock.Instant
  ) async throws(NGSILDError) -> SourceReading.Answer {
    if let tenant = response.headers.first("NGSILD-Tenant"),
      let asked = address.registration.tenant, tenant != asked
    {
      throw .badRequestData("it is of the tenant '\(tenant.prefix(100))', not of '\(asked)'")
    }
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
        otherwise: address.context, in: origin.tenantName, by: broker.contexts,
        before: deadline))
  }

  // MARK: Warnings

  func warning(_ code: SourceWarning.Code, _ message: String) -> SourceWarning {
    SourceWarning(code, by: origin.alias, message)
  }

  /// Notes an answer that is no NGSI-LD.
  func unusable(_ error: NGSILDError, of source: Registration) -> SourceWarning {
    noteUnusable(source)
    return warning(.invalid, "\(source.id) answered with no NGSI-LD: \(error.detail)")
  }

  private func warning(of failure: SourceFailure, at source: String) -> SourceWarning {
    switch failure {
    case .timeout: warning(.unanswered, "\(source) did not answer in time")
    case .coolingDown: warning(.unanswered, "\(source) failed a short while ago")
    case .unauthorized(let reason):
      warning(.unanswered, "\(source) was not asked: \(reason)")
    case .unreachable(let reason): warning(.unanswered, "\(source) gave no answer: \(reason)")
    case .tooLarge:
      warning(.invalid, "\(source) answered with more bytes than are taken")
    }
  }
}

extension HTTPClientResponse {
  fileprivate var relayedWarnings: [SourceWarning] {
    let values = headers.all("NGSILD-Warning").lazy.compactMap(SourceWarning.init(relayed:))
    return Array(values.prefix(SourceWarning.relayedMax))
  }
}
