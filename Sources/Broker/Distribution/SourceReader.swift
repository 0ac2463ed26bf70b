import DistributedOperations
import HTTPClient
import JSON
import JSONLD
import NGSILD
import Registrations

/// What came of one read at a Context Source.
struct SourceReadResult<Finding: SourceFinding>: Sendable {
  var entities: [Finding] = []
  /// Whether the source holds no more Entities of what was asked for.
  var isComplete = true
  /// How far the instances go; nil if they are all.
  var range: AnsweredRange?
  var hasFailed = false
  var warnings: [SourceWarning] = []
  fileprivate var hasUnasked = false
}

/// Reads from Context Sources; none can fail a read, each that does leaves a warning.
///
/// Standard: GS CIM 009, 6.3.17.
struct SourceReader: Sendable {
  let distribution: Distribution

  /// Entities of a query that are asked for at once: what the strictest of common brokers grants.
  private static let pageLimit = 100
  /// Entities that are looked at.
  static let entitiesMax = 10_000
  /// Of all pages of a source.
  private static let bytesMax = 32 << 20
  /// Once a source has given so many instances, no more are asked for.
  private static let instancesMax = 100_000

  /// Carries out reads, all at once; the results are in the order of the reads.
  ///
  /// - Parameter limit: of Entities from each source; there is no need of more.
  func results<Finding>(
    of reads: [SourceRead], limit: Int
  ) async -> [SourceReadResult<Finding>] {
    await allAtOnce(reads) { await result(of: $0, limit: limit) }
  }

  private func result<Finding>(
    of read: SourceRead, limit: Int
  ) async -> SourceReadResult<Finding> {
    guard let registration = distribution.registration(read.source) else {
      return SourceReadResult()
    }
    let address = await distribution.address(of: registration)
    var result = SourceReadResult<Finding>()
    var seen: Set<IRI> = []
    var bytesLeft = Self.bytesMax
    var instanceCount = 0
    repeat {
      let range = SourceRead.Range(
        offset: seen.count, limit: min(Self.pageLimit, limit - result.entities.count))
      let known = seen.count
      let entities = await page(of: read, range, at: address, &bytesLeft, into: &result)
      for entity in entities where seen.insert(IRI(entity.id)).inserted {
        instanceCount += entity.instanceCount
        result.add(entity, of: read, distribution)
      }
      // A source that heeds no offset repeats itself.
      guard entities.count >= range.limit, seen.count > known else { return result }
    } while result.entities.count < limit && seen.count < Self.entitiesMax
      && instanceCount < Self.instancesMax
    result.isComplete = false
    return result
  }

  private func page<Finding>(
    of read: SourceRead, _ range: SourceRead.Range, at address: SourceAddress,
    _ bytesLeft: inout Int, into result: inout SourceReadResult<Finding>
  ) async -> [Finding] {
    let reading = await distribution.read(
      read.request(at: address, range), at: address,
      bytesMax: min(bytesLeft, SourceClient.answerBytesMax), isConsumption: read.entityMap == nil)
    bytesLeft -= reading.bytes
    result.warnings += reading.warnings
    result.hasFailed = result.hasFailed || reading.hasFailed
    guard let answer = reading.answer else { return [] }
    if let answered = answer.range {
      result.range = result.range.map { read.narrower($0, answered) } ?? answered
    }
    do throws(NGSILDError) {
      return try SourceAnswer.findings(answer.value, context: answer.contexts.context)
    } catch {
      result.hasFailed = true
      result.warnings.append(distribution.unusable(error, of: address.registration))
      return []
    }
  }
}

extension SourceReadResult {
  /// Adds what of an answered Entity was asked for; a warning is enough for all that was not.
  fileprivate mutating func add(
    _ entity: Finding, of read: SourceRead, _ distribution: Distribution
  ) {
    if let own = entity.part(askedBy: read) { return entities.append(own) }
    guard !hasUnasked, !entity.isAsked(by: read) else { return }
    hasUnasked = true
    warnings.append(
      distribution.warning(
        .invalid,
        "\(read.source) answered with '\(entity.id.prefix(100))', which it was not asked for"))
  }
}
