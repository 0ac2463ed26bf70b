package import JSON
import JSONLD
package import NGSILD
import NGSILDQuery

/// The notifications that one change owes, worked out in two steps, so that whoever holds the index
/// under a lock holds it for the first one only.
package struct ChangeMatching {
  private let summary: ChangeSummary
  private var candidates: [CompiledSubscription] = []

  /// nil for a change of nothing.
  package init?(_ change: EntityChange) {
    guard let summary = ChangeSummary(change) else { return nil }
    self.summary = summary
  }

  package mutating func findCandidates(in index: SubscriptionIndex) {
    candidates = index.candidates(for: summary)
  }

  package var hasCandidates: Bool { !candidates.isEmpty }

  /// The candidates that are due.
  ///
  /// - Parameter document: the Entity in stored form after the change; of a deleted one as it was
  ///   before.
  package func due(
    document: () -> JSONValue, at now: DateTime
  ) -> [CompiledSubscription] {
    let triggered = candidates.filter { $0.isTriggered(by: summary, at: now) }
    guard triggered.contains(where: \.needsDocument) else { return triggered }
    let document = document()
    return triggered.filter { $0.accepts(document, at: now) }
  }
}

extension SubscriptionIndex {
  /// The subscriptions that a change is to be notified to, in the order of their keys.
  ///
  /// Standard: GS CIM 009, 5.8.6.
  package func due(
    for change: EntityChange, document: @autoclosure () -> JSONValue, at now: DateTime
  ) -> [CompiledSubscription] {
    guard var matching = ChangeMatching(change) else { return [] }
    matching.findCandidates(in: self)
    return matching.due(document: document, at: now)
  }
}
