import JSONLD
import NGSILD
package import Postgres

/// Adds the lines of an archive to a tenant; nobody is notified of what they add.
///
/// What is there already is passed over, so that lines may come again. An Entity that exists is
/// taken for the same if it was created at the same time: its state is replaced by a newer one, and
/// its history added to.
///
/// `@unchecked Sendable`: used on its loop's thread only.
package final class ArchiveImport: @unchecked Sendable {
  package struct Line: Sendable {
    let number: Int
    let bytes: [UInt8]

    package init(number: Int, bytes: [UInt8]) {
      self.number = number
      self.bytes = bytes
    }
  }

  package struct Refusal: Sendable, Hashable {
    package let line: Int
    package let reason: String
  }

  /// What some lines have come to.
  package struct Outcome: Sendable {
    package var entities = 0
    package var instances = 0
    package var hours = 0
    package var refusals: [Refusal] = []

    package init() {}

    package static func += (one: inout Outcome, other: Outcome) {
      one.entities += other.entities
      one.instances += other.instances
      one.hours += other.hours
      one.refusals += other.refusals
    }
  }

  struct NumberedLine {
    let number: Int
    let line: ArchiveLine
  }

  let store: EntityStore
  let tenant: TenantNumber
  private let parser = ArchiveParser()
  /// The Entity that was refused last; lines about its past follow.
  var refused: IRI?

  package init(store: EntityStore, tenant: TenantNumber) {
    self.store = store
    self.tenant = tenant
  }

  /// Adds lines in one transaction, but for those that are refused.
  package func add(_ lines: [Line]) async throws(PostgresError) -> Outcome {
    var outcome = Outcome()
    var parsed: [NumberedLine] = []
    for line in lines {
      do throws(NGSILDError) {
        parsed.append(NumberedLine(number: line.number, line: try parser.line(line.bytes)))
      } catch {
        outcome.refusals.append(Refusal(line: line.number, reason: error.detail))
      }
    }
    outcome += try await add(parsed[...])
    outcome.refusals.sort { $0.line < $1.line }
    return outcome
  }

  /// What the database refuses is looked for by halves.
  private func add(_ lines: ArraySlice<NumberedLine>) async throws(PostgresError) -> Outcome {
    guard let first = lines.first else { return Outcome() }
    let before = refused
    do throws(PostgresError) {
      return try await attempt(Array(lines))
    } catch {
      guard error.kind == .statement else { throw error }
      refused = before
      guard lines.count > 1 else {
        if case .state = first.line.content { refused = IRI(first.line.id) }
        var outcome = Outcome()
        outcome.refusals = [
          Refusal(line: first.number, reason: "The database refuses it: \(error)")
        ]
        return outcome
      }
    }
    let middle = lines.startIndex + lines.count / 2
    var outcome = try await add(lines[..<middle])
    outcome += try await add(lines[middle...])
    return outcome
  }

  private func attempt(_ lines: [NumberedLine]) async throws(PostgresError) -> Outcome {
    let entities = ArchivedEntity.group(lines)
    return try await store.withWriter { connection throws(PostgresError) in
      let references = entities.map { EntityReference(tenant: tenant, id: $0.id) }
      let locked = try await EntityStore.lock(references, on: connection)
      let versions = try await versions(of: Array(locked.entities.keys), on: connection)
      var batch = ArchiveBatch(tenant: tenant, locked: locked)
      for entity in entities {
        if let reason = refusal(of: entity, versions[entity.id], exists: locked.has(entity, tenant))
        {
          batch.refuse(entity, because: reason)
        } else {
          batch.add(entity, over: versions[entity.id])
        }
      }
      let rows = try await batch.rows(store)
      try await connection.flight(rows.statements + ["COMMIT"])
      return batch.outcome
    }
  }

  /// When the Entities that have a row were created and modified.
  private func versions(
    of references: [EntityReference], on connection: Connection
  ) async throws(PostgresError) -> [IRI: EntityVersion] {
    guard !references.isEmpty else { return [:] }
    let rows = try await connection.query(
      """
      SELECT id, created, modified FROM entity
      WHERE tenant = \(tenant) AND id = ANY (\(references.map(\.id)))
      """)
    return Dictionary(
      rows.map { row in
        (
          IRI(row[0].string),
          EntityVersion(
            created: DateTime(row[1].timestamp), modified: DateTime(row[2].timestamp))
        )
      }, uniquingKeysWith: { $1 })
  }

  private func refusal(
    of entity: ArchivedEntity, _ version: EntityVersion?, exists: Bool
  ) -> String? {
    guard let (state, _) = entity.state else {
      if IRI(entity.id) == refused { return "The Entity '\(entity.id)' was refused" }
      return exists
        ? nil
        : "The Entity '\(entity.id)' does not exist; the line that has its 'createdAt' comes first"
    }
    refused = nil
    guard let version, version.created != state.createdAt else { return nil }
    refused = IRI(entity.id)
    return
      "The Entity '\(entity.id)' exists since \(version.created), so it is another one; "
      + "delete it, or import into another tenant"
  }
}

/// By which an Entity is known for the same, or for newer.
struct EntityVersion {
  let created: DateTime
  let modified: DateTime
}

/// The lines about one Entity that follow each other.
struct ArchivedEntity {
  let id: String
  private(set) var lines: [ArchiveImport.NumberedLine]

  static func group(_ lines: [ArchiveImport.NumberedLine]) -> [ArchivedEntity] {
    var places: [IRI: Int] = [:]
    var entities: [ArchivedEntity] = []
    for line in lines {
      if let place = places[line.line.id] {
        entities[place].lines.append(line)
      } else {
        places[line.line.id] = entities.count
        entities.append(ArchivedEntity(id: line.line.id, lines: [line]))
      }
    }
    return entities
  }

  var state: (entity: Entity, deletedAt: DateTime?)? {
    for line in lines {
      if case .state(let entity, let deletedAt) = line.line.content { return (entity, deletedAt) }
    }
    return nil
  }

  /// All types that it ever had; nil if no line tells.
  var pastTypes: [IRI]? {
    for line in lines {
      if case .state = line.line.content { continue }
      return line.line.types
    }
    return state?.deletedAt == nil ? nil : state?.entity.types
  }
}

extension LockedEntities {
  fileprivate func has(_ entity: ArchivedEntity, _ tenant: TenantNumber) -> Bool {
    entities[EntityReference(tenant: tenant, id: entity.id)] != nil
  }
}
