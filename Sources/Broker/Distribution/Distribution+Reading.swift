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
  /// - Parameters:
  ///   - bytesMax: of the answer.
  ///   - isConsumption: whether nothing else comes of it, so that an answer of a while ago does
  ///     where the registration allows it.
  func read(
    _ request: SourceRequest, at address: SourceAddress,
    bytesMax: Int = SourceClient.answerBytesMax, isConsumption: Bool = true
  ) async -> SourceReading {
    let deadline = deadline(of: address.registration)
    let shelf = isConsumption ? shelf(for: request, of: address.registration) : nil
    if let kept = shelf?.answer { return await reading(of: .success(kept), to: address, deadline) }
    let outcome = await ask(request, of: address.registration, bytesMax: bytesMax)
    let reading = await reading(of: outcome, to: address, deadline)
    if let shelf, case .success(let response) = outcome, !reading.hasFailed,
      reading.warnings.isEmpty
    {
      shelf.keep(response)
    }
    return reading
  }

  private func reading(
    of outcome: Result<HTTPClientResponse, SourceFailure>, to address: SourceAddress,
    _ deadline: ContinuousClock.Instant
  ) async -> SourceReading {
    let source = address.registration
    var reading = SourceReading()
    switch outcome {
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
      let asked = address.registration.tenant, !tenant.isExactly(asked)
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
