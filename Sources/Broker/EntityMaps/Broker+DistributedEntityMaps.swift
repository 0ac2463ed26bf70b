import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// EntityMaps over Context Sources (GS CIM 009, 4.3.6.7, 5.14.4 and 5.14.5).
extension Broker {
  /// What sources have of the Entities that a map is to hold; nil if none is asked.
  ///
  /// - Throws: `badRequestData` if an order is asked for, which sources cannot keep.
  func holdings(
    of request: MapRequest, in tenant: TenantNumber, from origin: RequestOrigin?
  ) async throws(NGSILDError) -> (EntityMapStore.Holdings, [SourceWarning])? {
    let conditions = request.conditions
    guard
      let distribution = try await Distribution(
        querying: conditions, splits: request.splits, at: request.time, from: origin, in: tenant,
        by: self),
      !distribution.origin.isLoop
    else { return nil }
    let plan = request.plan(for: distribution.registrations)
    guard !plan.isLocal else { return nil }
    guard conditions.ordering == nil else { throw .orderOverSources }
    return await MapReader(distribution: distribution, reads: plan.reads).holdings()
  }
}

extension Broker {
  /// Has sources do with their own maps what was done with this one.
  ///
  /// Choice: what fails is logged, and no failure of the operation: a map that a source keeps too
  /// long is of no harm, and one that it has no more is made again.
  func forward(
    _ operation: RegisteredOperation, of map: EntityMap, in tenant: TenantNumber,
    from origin: RequestOrigin?,
    _ request: @Sendable @escaping (SourceAddress, String) -> SourceRequest
  ) async {
    guard !map.linked.isEmpty,
      let distribution = Distribution(
        of: EntitySpecification(), at: .past(nil), from: origin, in: tenant, by: self),
      !distribution.origin.isLoop
    else { return }
    await withTaskGroup(of: Void.self) { group in
      for (source, id) in map.linked {
        guard let registration = distribution.registration(source.text),
          registration.operations.contains(operation)
        else { continue }
        group.addTask {
          let address = await distribution.address(of: registration)
          let answer = await distribution.send(
            request(address, "/entityMaps/\(pathSegment(id))"), to: registration)
          if let problem = SourceProblem(answer, of: registration.id), problem.status != 404 {
            self.log.warning(
              "EntityMap of a source left as it was",
              ["registration": registration.id, "reason": problem.detail])
          }
        }
      }
    }
  }
}

extension SourceBody {
  /// A fragment of an EntityMap.
  static func expiry(_ expiresAt: DateTime) -> SourceBody {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("expiresAt")
    writer.string("\(expiresAt)")
    writer.endObject()
    return .object(writer.bytes)
  }
}

extension NGSILDError {
  static var orderOverSources: NGSILDError {
    .badRequestData(
      "orderBy is given, and Context Sources are asked; an order goes with local=true")
  }
}

/// Learns from Context Sources which Entities they have, and has those make maps that can.
private struct MapReader {
  let distribution: Distribution
  let reads: [SourceRead]

  private struct Answer: Sendable {
    var ids: [String] = []
    var map: String?
    var warnings: [SourceWarning] = []
  }

  func holdings() async -> (EntityMapStore.Holdings, [SourceWarning]) {
    let answers = await allAtOnce(reads) { await answer(to: $0) }
    var order: [String] = []
    var sources: [IRI: [String]] = [:]
    var linked: [(source: String, map: String)] = []
    for (read, answer) in zip(reads, answers) {
      for id in answer.ids {
        if sources[id] == nil { order.append(id) }
        if !(sources[id]?.last).isExactly(read.source) {
          sources[IRI(id), default: []].append(read.source)
        }
      }
      if let map = answer.map { linked.append((read.source, map)) }
    }
    let asked = reads.map { IRI($0.source) }
    let holdings = EntityMapStore.Holdings(
      sources: asked.enumerated().filter { asked.firstIndex(of: $1) == $0 }.map(\.element.text),
      entities: order.map { ($0, sources[$0] ?? []) }, linked: linked)
    return (holdings, answers.flatMap(\.warnings))
  }

  /// Choice: a source has one map in ours, so that none is made where it is asked several things.
  private func answer(to read: SourceRead) async -> Answer {
    guard let registration = distribution.registration(read.source) else { return Answer() }
    let address = await distribution.address(of: registration)
    if registration.operations.contains(read.mapOperation),
      reads.count(where: { $0.source.isExactly(read.source) }) == 1,
      let request = read.mapRequest(at: address)
    {
      let reading = await distribution.read(request, at: address, isConsumption: false)
      if let map = reading.answer.flatMap({ AnsweredMap($0.value) }) {
        return Answer(
          ids: map.entities.filter { read.selector.restricted(to: [$0]) != nil }, map: map.id,
          warnings: reading.warnings)
      }
      guard reading.isRefused else { return Answer(warnings: reading.warnings) }
    }
    return await read.temporal == nil
      ? found(read, as: AnsweredEntity.self) : found(read.ofLatest, as: TemporalEntity.self)
  }

  private func found<Finding: SourceFinding>(
    _ read: SourceRead, as _: Finding.Type
  ) async -> Answer {
    let result: SourceReadResult<Finding> = await SourceReader(distribution: distribution)
      .results(of: [read], limit: SourceReader.entitiesMax)[0]
    return Answer(ids: result.entities.map(\.id), warnings: result.warnings)
  }
}
