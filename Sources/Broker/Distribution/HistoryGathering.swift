package import DistributedOperations
import JSONLD
import NGSILD
import NGSILDQuery
package import Storage

/// The history of Entities at Context Sources, as far as they have answered.
struct HistoryGathering {
  private typealias Answer = (read: SourceRead, result: SourceReadResult<TemporalEntity>)

  private let plan: ReadPlan
  private let temporal: TemporalQuery
  private let distribution: Distribution
  private var answers: [Answer] = []
  private var warnings: [SourceWarning] = []

  /// Times that what an answer has left out is asked for.
  private static let roundsMax = 20

  init(_ plan: ReadPlan, _ temporal: TemporalQuery, _ distribution: Distribution) {
    self.plan = plan
    self.temporal = temporal
    self.distribution = distribution
  }

  /// Asks sources, all at once.
  ///
  /// - Parameters:
  ///   - reads: those of the plan, or parts of them.
  ///   - limit: of Entities from each.
  mutating func ask(_ reads: [SourceRead], limit: Int) async {
    let results: [SourceReadResult<TemporalEntity>] = await SourceReader(
      distribution: distribution
    ).results(of: reads, limit: limit)
    answers += zip(reads, results).map { ($0, $1) }
  }

  /// Whether sources have more Entities than were asked for.
  var isBounded: Bool { answers.contains { !$0.result.isComplete } }

  /// Registrations whose sources have answered all that they were asked.
  var answered: Set<IRI> {
    Set<IRI>(answers.map(\.read.source)).subtracting(
      Set(answers.filter(\.result.hasFailed).map(\.read.source)))
  }

  /// What is yet to be asked of some Entities.
  ///
  /// - Parameter isOfLatest: whether only the latest instances have been asked for.
  func missing(of ids: [String], isOfLatest: Bool) -> [SourceRead] {
    zip(plan.reads, answers).compactMap { read, answer in
      guard !answer.result.hasFailed, isOfLatest || !answer.result.isComplete else { return nil }
      let known = isOfLatest ? [] : Set<IRI>(answer.result.entities.map(\.id))
      return read.restricted(to: ids.filter { !known.contains($0) })
    }
  }

  /// Asks for what answers have left out, until they are whole: of what is computed of all
  /// instances, no part is of use.
  mutating func completeRanges(limit: Int) async {
    var open = rests(from: 0)
    for _ in 0..<Self.roundsMax where !open.isEmpty {
      let known = answers.count
      await ask(open, limit: limit)
      open = rests(from: known)
    }
    for read in open {
      warnings.append(
        distribution.warning(.unanswered, "\(read.source) has more instances than were read"))
    }
  }

  private mutating func rests(from first: Int) -> [SourceRead] {
    let rests = answers[first...].compactMap { read, result in result.range.flatMap(read.rest) }
    for place in first..<answers.count { answers[place].result.range = nil }
    return rests
  }

  // MARK: Results

  /// - Parameter areSelected: whether sources have evaluated the conditions.
  func history(areSelected: Bool) -> GatheredHistory {
    var ids: [String] = []
    var merges: [IRI: HistoryMerge] = [:]
    var end: AnsweredRange?
    var gathered = GatheredHistory(warnings: warnings)
    for (read, result) in answers {
      if !result.entities.isEmpty, !gathered.holders.contains(exactly: read.source) {
        gathered.holders.append(read.source)
      }
      for entity in result.entities {
        if merges[entity.id] == nil { ids.append(entity.id) }
        merges[IRI(entity.id), default: HistoryMerge(by: temporal.timeproperty)].add(entity)
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
      areSelected: areSelected, end: end?.end)
    return gathered
  }
}

/// What Context Sources have of the history that is asked for.
package struct GatheredHistory: Sendable {
  /// nil if none was asked.
  package var foreign: ForeignHistory?
  /// What is missing, and why.
  package var warnings: [SourceWarning] = []
  /// Registrations whose sources have something.
  package var holders: [String] = []
  /// Set where an EntityMap says what makes the page.
  package var page: MappedPage?
}

/// A page of an EntityMap.
package struct MappedPage: Sendable {
  /// In the order of the map.
  package let ids: [String]
  package let hasMore: Bool
  /// All that fit; nil unless asked for.
  package let count: Int?
}
