import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Storage

/// Entities of which one Context Source tells a part, and others and this broker have more.
///
/// Standard: `splitEntities` (GS CIM 009, 4.3.6.7 and 5.8.6).
struct SplitEntities {
  let broker: Broker
  let tenant: TenantNumber
  let origin: RequestOrigin
  /// Which need not be asked for what it has just told.
  let sender: Registration

  /// All at once; a source that does not answer is left out, as from a read.
  func completed(
    _ entities: [ReportedEntity]
  ) async throws(NGSILDError) -> [ReportedEntity] {
    var completed = entities
    for place in entities.indices where entities[place].deletedAt == nil {
      completed[place].entity = try await whole(entities[place].entity)
    }
    return completed
  }

  private func whole(_ part: Entity) async throws(NGSILDError) -> Entity {
    let id = IRI(part.id)
    let specification = EntitySpecification(id: id, types: part.types)
    let distribution = Distribution(of: specification, from: origin, in: tenant, by: broker)
    var request = QueryRequest()
    request.selectors = [
      EntitySelector(types: .anyOf(part.types.map { [$0] }), ids: [id])
    ]
    let plan = ReadPlan(
      retrieving: part.id, request,
      from: distribution?.registrations.filter { !isSender($0) } ?? [])
    var merge = EntityMerge(at: .now)
    if let own = try await ownPart(part.id), let share = plan.own(own) { merge.add(share) }
    merge.add(part)
    if let distribution {
      await add(plan.reads, at: distribution, to: &merge)
    }
    return merge.result ?? part
  }

  private func add(
    _ reads: [SourceRead], at distribution: Distribution, to merge: inout EntityMerge
  ) async {
    let results: [SourceReadResult<AnsweredEntity>] = await SourceReader(distribution: distribution)
      .results(of: reads, limit: 1)
    var reader = AnsweredEntityReader()
    for (read, result) in zip(reads, results) {
      guard let source = distribution.registration(read.source) else { continue }
      for entity in result.entities {
        do throws(NGSILDError) {
          merge.add(try reader.entity(entity), isAuxiliary: source.mode == .auxiliary)
        } catch {
          distribution.noteUnusable(source)
        }
      }
    }
  }

  private func isSender(_ registration: Registration) -> Bool {
    registration.site == sender.site
  }

  private func ownPart(_ id: String) async throws(NGSILDError) -> Entity? {
    let document = try await broker.reader.document(
      of: EntityReference(tenant: tenant, id: id))
    return document.map { Entity(stored: JSONValue(storedDocument: $0)) }
  }
}
