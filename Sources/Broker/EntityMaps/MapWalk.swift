import DistributedOperations
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Storage

/// Goes through an EntityMap over Context Sources until a page is full.
///
/// What stands before the page was looked at when its own page was made. So that places stay true,
/// what is met and no longer fits leaves the map (GS CIM 009, 5.5.9.3), and what nobody can tell
/// of, since a source does not answer, comes last from then on.
struct MapWalk {
  let map: EntityMap
  /// Which of the map's Entities are asked for.
  let selectors: [EntitySelector]
  let limit: Int
  let offset: Int
  /// All of the map is looked at.
  let wantsCount: Bool
  let broker: Broker
  let tenant: TenantNumber

  typealias Entry = EntityMapStore.Entry

  /// What is found of some entries.
  struct Finding {
    /// Ids of Entities that still fit.
    var fitting: Set<IRI>
    /// Registrations whose sources have answered.
    var answered: Set<IRI>
  }

  struct Page {
    let entries: [Entry]
    let hasMore: Bool
    let count: Int?
  }

  /// Entries that are looked at at once.
  private static let entriesMax = 100

  /// - Parameter find: looks at some entries, each once.
  nonisolated(nonsending) func page(
    _ find: nonisolated(nonsending) ([Entry]) async throws(NGSILDError) -> Finding
  ) async throws(NGSILDError) -> Page {
    var fitting: [Entry] = []
    var gone: [Entry] = []
    var postponed: [Entry] = []
    var place = wantsCount ? 0 : offset
    while wantsCount || fitting.count <= limit {
      let missing = wantsCount ? Self.entriesMax : limit + 1 - fitting.count
      let size = min(missing, Self.entriesMax)
      let entries = try await entries(from: place, size)
      guard !entries.isEmpty else { break }
      let finding = try await find(entries)
      for entry in entries {
        if finding.fitting.contains(entry.id) {
          fitting.append(entry)
        } else if finding.answered.isSuperset(of: entry.sources.map(IRI.init)) {
          gone.append(entry)
        } else {
          postponed.append(entry)
        }
      }
      place += entries.count
      if entries.count < size { break }
    }
    try await update(removing: gone, postponing: postponed)
    let page = wantsCount ? Array(fitting.dropFirst(offset)) : fitting
    return Page(
      entries: Array(page.prefix(limit)), hasMore: page.count > limit,
      count: wantsCount ? fitting.count : nil)
  }

  private func entries(from place: Int, _ size: Int) async throws(NGSILDError) -> [Entry] {
    try await broker.database { () throws(PostgresError) in
      try await broker.entityMaps.entries(
        of: map.number, among: selectors, offset: place, limit: size, tenant: tenant)
    }
  }

  private func update(
    removing gone: [Entry], postponing postponed: [Entry]
  ) async throws(NGSILDError) {
    try await broker.database { () throws(PostgresError) in
      try await broker.entityMaps.remove(gone, from: map.number, tenant: tenant)
      try await broker.entityMaps.postpone(postponed, in: map.number, tenant: tenant)
    }
  }
}

extension [EntityMapStore.Entry] {
  /// The reads of a plan for those of the Entities that the map says each source has, with the
  /// source's own map.
  func reads(_ plan: [SourceRead], _ map: EntityMap) -> [SourceRead] {
    plan.compactMap { read in
      let ids = filter { $0.sources.contains(exactly: read.source) }.map(\.id)
      var restricted = read.restricted(to: ids)
      restricted?.entityMap = map.linked[read.source]
      return restricted
    }
  }
}
