import DistributedOperations
import HTTPClient
import JSON
import JSONLD
import NGSILD
import Registrations

/// What came of one read at a Context Source.
struct SourceReadResult: Sendable {
  var entities: [Entity] = []
  /// Whether the source holds no more of what was asked for.
  var isComplete = true
  var hasFailed = false
  var warnings: [SourceWarning] = []
}

/// Reads from Context Sources; none can fail a read, each that does leaves a warning.
///
/// Standard: GS CIM 009, 6.3.17.
struct SourceReader: Sendable {
  let distribution: Distribution

  /// Entities of a query that are asked for at once: what the strictest of common brokers grants.
  private static let pageLimit = 100

  /// Carries out reads, all at once; the results are in the order of the reads.
  ///
  /// - Parameter limit: of Entities from each source; there is no need of more.
  func results(of reads: [SourceRead], limit: Int) async -> [SourceReadResult] {
    await withTaskGroup(of: (Int, SourceReadResult).self) { group in
      for (place, read) in reads.enumerated() {
        group.addTask { (place, await result(of: read, limit: limit)) }
      }
      var results = [SourceReadResult](repeating: SourceReadResult(), count: reads.count)
      for await (place, result) in group { results[place] = result }
      return results
    }
  }

  private func result(of read: SourceRead, limit: Int) async -> SourceReadResult {
    guard let registration = distribution.registration(read.source) else {
      return SourceReadResult()
    }
    let address = await distribution.address(of: registration)
    var result = SourceReadResult()
    var seen: Set<String> = []
    repeat {
      let range = SourceRead.Range(
        offset: seen.count, limit: min(Self.pageLimit, limit - seen.count))
      let known = seen.count
      let entities = await page(of: read, range, at: address, into: &result)
      for entity in entities where seen.insert(entity.id).inserted {
        if let own = read.part(of: entity) { result.entities.append(own) }
      }
      // A source that heeds no offset repeats itself.
      guard entities.count >= range.limit, seen.count > known else { return result }
    } while seen.count < limit
    result.isComplete = false
    return result
  }

  private func page(
    of read: SourceRead, _ range: SourceRead.Range, at address: SourceAddress,
    into result: inout SourceReadResult
  ) async -> [Entity] {
    let reading = await distribution.read(read.request(at: address, range), at: address)
    result.warnings += reading.warnings
    result.hasFailed = result.hasFailed || reading.hasFailed
    guard let answer = reading.answer else { return [] }
    do throws(NGSILDError) {
      return try SourceAnswer.entities(answer.value, context: answer.contexts.context)
    } catch {
      result.hasFailed = true
      result.warnings.append(distribution.warning(of: error, at: address.registration.id))
      return []
    }
  }
}
