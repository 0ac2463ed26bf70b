import JSONLD
import NGSILD
import NGSILDQuery
import TestSupport
import Testing

@testable import Storage

@Suite("Which look at few rows is tried first")
struct GlanceMemoryTests {
  private let memory = GlanceMemory()
  private let now = DateTime("2026-01-01T00:00:00Z")!
  private let looks: [Glance] = [.found, .walked]

  private func promising(
    _ query: EntityQuery, tenant: TenantNumber = 1, afterSeconds seconds: Int64 = 0
  ) -> [Glance] {
    let later = DateTime(microseconds: now.microseconds + seconds * 1_000_000)
    return memory.promising(among: looks, for: query, at: later, tenant: tenant)
  }

  private func query(limit: Int) -> EntityQuery {
    var query = EntityQuery()
    query.limit = limit
    return query
  }

  @Test("the one that sufficed last, on every page of the same tenant's same query")
  func sufficed() {
    let query = query(limit: 20)
    #expect(promising(query) == [.found, .walked])
    memory.note(.walked, for: query, at: now, tenant: 1)
    var later = query
    later.offset = 20
    later.cursor = .after(7)
    for query in [query, later] { #expect(promising(query) == [.walked, .found]) }
    #expect(promising(query, tenant: 2) == [.found, .walked])
    #expect(promising(self.query(limit: 10)) == [.found, .walked])
    memory.note(.found, for: later, at: now, tenant: 1)
    #expect(promising(query) == [.found, .walked])
    #expect(memory.promising(among: [], for: query, at: now, tenant: 1) == [])
  }

  @Test("none for a while after none sufficed, but for what is at the end")
  func noneSufficed() {
    var last = query(limit: 20)
    last.offset = 400
    memory.note(nil, for: last, at: now, tenant: 1)
    #expect(promising(last) == [.found, .walked])
    memory.note(nil, for: query(limit: 20), at: now, tenant: 1)
    #expect(promising(query(limit: 20), afterSeconds: 9).isEmpty)
    #expect(promising(query(limit: 20), afterSeconds: 10) == [.found, .walked])
  }

  @Test("memory is bounded")
  func bounded() {
    for limit in 1...2000 { memory.note(.walked, for: query(limit: limit), at: now, tenant: 1) }
    let known = (1...2000).filter { promising(query(limit: $0))[0] == .walked }
    #expect(known.count <= 500 && known.last == 2000)
  }
}
