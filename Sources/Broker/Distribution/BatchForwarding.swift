import DistributedOperations
import JSONLD
import NGSILD
import Registrations

/// Hands the parts of a batch to Context Sources: one request to each that knows batches, and
/// single operations to others (GS CIM 009, 5.6.7.4).
struct BatchForwarding: Sendable {
  private let batch: BatchWrite
  private let plans: [WritePlan]
  private let distribution: Distribution

  /// - Parameter plans: of the batch's items, in their order.
  init(_ batch: BatchWrite, _ plans: [WritePlan], _ distribution: Distribution) {
    self.batch = batch
    self.plans = plans
    self.distribution = distribution
  }

  /// A source's part of an item.
  private struct Share {
    let place: Int
    let part: WritePlan.Part
  }

  private typealias Outcome = (place: Int, part: WriteOutcome.Part)

  /// What came of each item's parts.
  func outcomes() async -> [[WriteOutcome.Part]] {
    let writer = SourceWriter(distribution: distribution)
    var parts = plans.map { writer.conflicts(of: $0) }
    let forwarded = await allAtOnce(distribution.registrations) { registration in
      await outcomes(of: shares(of: registration), at: registration)
    }
    for (place, part) in forwarded.joined() { parts[place].append(part) }
    return parts
  }

  private func shares(of registration: Registration) -> [Share] {
    plans.enumerated().flatMap { place, plan in
      plan.forwards.filter { IRI($0.source) == IRI(registration.id) }.map {
        Share(place: place, part: $0)
      }
    }
  }

  private func outcomes(of shares: [Share], at registration: Registration) async -> [Outcome] {
    guard !shares.isEmpty else { return [] }
    guard !distribution.origin.isLoop else { return loops(of: shares, at: registration) }
    let address = await distribution.address(of: registration)
    guard registration.operations.contains(batch.registered) else {
      return await singly(shares, at: address)
    }
    let parts = shares.map { (item: batch.items[$0.place], share: $0.part.share) }
    let answer = await distribution.send(batch.request(parts, at: address), to: registration)
    let result = BatchAnswer(answer, of: registration.id)
    return shares.map { share in
      let id = batch.items[share.place].id
      return (
        share.place,
        WriteOutcome.Part(
          share.part, isProxied: registration.mode.isProxied, problem: result.problem(of: id),
          hasCreated: result.hasCreated(id, by: batch.kind))
      )
    }
  }

  private func loops(of shares: [Share], at registration: Registration) -> [Outcome] {
    guard registration.mode.isProxied else { return [] }
    return shares.map { share in
      let problem = SourceProblem.loop(source: registration.id)
      return (share.place, WriteOutcome.Part(share.part, isProxied: true, problem: problem))
    }
  }

  // MARK: Piece by piece

  private func singly(_ shares: [Share], at address: SourceAddress) async -> [Outcome] {
    var outcomes: [Outcome] = []
    for share in shares {
      outcomes.append((share.place, await single(share, at: address)))
    }
    return outcomes
  }

  /// Tries one operation after the other, as long as the Entity is said to exist already.
  private func single(_ share: Share, at address: SourceAddress) async -> WriteOutcome.Part {
    let registration = address.registration
    var problem: SourceProblem? = .unsupported(source: registration.id)
    var hasCreated = false
    for write in batch.alternatives(to: batch.items[share.place], at: registration) {
      let answer = await distribution.send(
        write.request(share.part.share, at: address), to: registration)
      problem = SourceProblem(answer, of: registration.id)
      hasCreated = problem == nil && write.operation.registered == .createEntity
      guard write.operation.registered == .createEntity, problem?.status == 409 else { break }
    }
    return WriteOutcome.Part(
      share.part, isProxied: registration.mode.isProxied, problem: problem,
      hasCreated: hasCreated)
  }
}
