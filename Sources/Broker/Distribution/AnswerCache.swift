import DistributedOperations
import HTTPClient
import Registrations
import Synchronization

/// Answers of Context Sources that may be given again, for all loops of a process.
package final class AnswerCache: Sendable {
  private let kept: Mutex<KeptAnswers<HTTPClientResponse>>

  package init(bytesMax: Int = 64 << 20) { kept = Mutex(KeptAnswers(bytesMax: bytesMax)) }

  /// nil where nothing is kept.
  func shelf(for request: SourceRequest, of source: CompiledRegistration) -> AnswerShelf? {
    guard source.registration.management.cacheDuration != nil else { return nil }
    return AnswerShelf(
      cache: self, request: request, source: source,
      moment: kept.withLock { $0.moment(for: source) })
  }

  /// Gives up what may not be so any more.
  func drop(_ source: CompiledRegistration) {
    kept.withLock { $0.drop(source) }
  }

  fileprivate func answer(on shelf: AnswerShelf) -> HTTPClientResponse? {
    kept.withLock { $0.answer(to: shelf.request, of: shelf.source, at: .now) }
  }

  fileprivate func keep(_ response: HTTPClientResponse, on shelf: AnswerShelf) {
    kept.withLock {
      $0.keep(
        response, of: response.headers.byteCount + response.body.count, to: shelf.request,
        of: shelf.source, since: shelf.moment, at: .now)
    }
  }
}

/// Where the answer to one request is.
struct AnswerShelf {
  fileprivate let cache: AnswerCache
  fileprivate let request: SourceRequest
  fileprivate let source: CompiledRegistration
  fileprivate let moment: Int

  var answer: HTTPClientResponse? { cache.answer(on: self) }

  func keep(_ response: HTTPClientResponse) { cache.keep(response, on: self) }
}
