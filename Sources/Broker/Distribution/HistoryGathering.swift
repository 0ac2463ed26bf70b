package import DistributedOperations
import NGSILD
import NGSILDQuery
package import Storage

/// The history of Entities at Context Sources, as far as they have answered.
struct HistoryGathering {
  private let plan: ReadPlan
  private let distribution: Distribution
  private let temporal: TemporalQuery
  /// Whether sources were asked for the latest instances only, to learn which Entities there are.
  private let isOfLatest: Bool
  private var results: [SourceReadResult<TemporalEntity>]
  private var rests: [(read: SourceRead, result: SourceReadResult<TemporalEntity>)] = []
  private var warnings: [SourceWarning] = []

  /// Times that what an answer has left out is asked for.
  private static let roundsMax = 20

  /// Asks all sources of a plan.
  ///
  /// - Parameters:
  ///   - limit: of Entities from each.
  ///   - isOfLatest: whether it is enough to know which Entities they have.
  init(
    _ plan: ReadPlan, _ temporal: TemporalQuery, limit: Int, isOfLatest: Bool = false,
    _ distribution: Distribution
  ) async {
    self.plan = plan
    self.temporal = temporal
    self.distribution = distribution
    self.isOfLatest = isOfLatest
    results = await SourceReader(distribution: distribution)
      .results(of: isOfLatest ? plan.reads.map(\.ofLatest) : plan.reads, limit: limit)
  }

  /// Whether all is known of the Entities that sources have.
  var isWhole: Bool { !isOfLatest && results.allSatisfy(\.isComplete) }

  var isBounded: Bool { results.contains { !$0.isComplete } }

  // MARK: More

  /// Asks for what is not known of some Entities.
  mutating func complete(_ ids: [String]) async {
    var reads: [SourceRead] = []
    for (read, result) in zip(plan.reads, results)
    where !result.hasFailed && (isOfLatest || !result.isComplete) {
      let known = isOfLatest ? [] : Set(result.entities.map(\.id))
      if let rest = read.restricted(to: ids.filter { !known.contains($0) }) { reads.append(rest) }
    }
    await ask(reads, limit: ids.count)
  }

  /// Asks for what answers have left out, until they are whole: of what is computed of all
  /// instances, no part is of use.
  mutating func completeRanges(limit: Int) async {
    var open = zip(plan.reads, results).compactMap { read, result in
      result.range.flatMap(read.rest)
    }
    for place in results.indices { results[place].range = nil }
    for _ in 0..<Self.roundsMax where !open.isEmpty {
      let known = rests.count
      await ask(open, limit: limit)
      open = rests[known...].compactMap { read, result in result.range.flatMap(read.rest) }
      for place in known..<rests.count { rests[place].result.range = nil }
    }
    guard !open.isEmpty else { return }
    for read in open {
      warnings.append(
        distribution.warning(.unanswered, "\(read.source) has more instances than were read"))
    }
  }

  private mutating func ask(_ reads: [SourceRead], limit: Int) async {
    let answers: [SourceReadResult<TemporalEntity>] = await SourceReader(
      distribution: distribution
    ).results(of: reads, limit: limit)
    rests += zip(reads, answers).map { ($0, $1) }
  }

  // MARK: Results

  /// - Parameter areSelected: whether sources have evaluated the conditions.
  func history(areSelected: Bool) -> GatheredHistory {
    var ids: [String] = []
    var merges: [String: HistoryMerge] = [:]
    var end: AnsweredRange?
    var gathered = GatheredHistory(warnings: warnings)
    for (read, result) in zip(plan.reads, results) + rests {
      for entity in result.entities {
        if merges[entity.id] == nil { ids.append(entity.id) }
        merges[entity.id, default: HistoryMerge(by: temporal.timeproperty)].add(entity)
      }
      if let range = result.range { end = end.map { read.narrower($0, range) } ?? range }
      for warning in result.warnings where !gathered.warnings.contains(warning) {
        gathered.warnings.append(warning)
      }
    }
    gathered.foreign = ForeignHistory(
      ids.compactMap { merges[$0]?.result },
      claims: plan.claimed.map {
        ForeignHistory.Claim(selectors: $0.selectors, attributes: $0.attributes)
      },
      areSelected: areSelected, end: isOfLatest && rests.isEmpty ? nil : end?.end)
    return gathered
  }
}

/// What Context Sources have of the history that is asked for.
package struct GatheredHistory: Sendable {
  /// nil if none was asked.
  package var foreign: ForeignHistory?
  /// What is missing, and why.
  package var warnings: [SourceWarning] = []
}
