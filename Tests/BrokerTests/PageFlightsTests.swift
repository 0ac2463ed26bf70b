import EventLoop
import Postgres
import TestSupport
import Testing

@testable import Storage

@Suite("Short pages that fly together")
struct PageFlightsTests {
  @Test("each gets its own rows, with the versions of its tenant")
  func together() async throws {
    try await withFlights { flights in
      let pages = await pages(of: (0..<40).map { ("SELECT \($0)", TenantNumber($0 % 3)) }, flights)
      for (number, page) in pages.enumerated() {
        let page = try page.get()
        #expect(page == Page(tenant: number % 3, value: number))
      }
    }
  }

  @Test("one that fails takes no other along")
  func failure() async throws {
    try await withFlights { flights in
      let pages = await pages(
        of: [("SELECT 1", 0), ("SELECT 1/\(0)", 0), ("SELECT 3", 0)], flights)
      let values = pages.map { try? $0.get().value }
      #expect(values == [1, nil, 3])
    }
  }

  private struct Page: Hashable, Sendable {
    let tenant: Int
    let value: Int
  }

  /// What statements yield that are asked for at the same time, in their order.
  private func pages(
    of statements: [(SQL, TenantNumber)], _ flights: PageFlights
  ) async -> [Result<Page, PostgresError>] {
    await withTaskGroup(of: (Int, Result<Page, PostgresError>).self) { group in
      for (place, (statement, tenant)) in statements.enumerated() {
        group.addTask {
          do throws(PostgresError) {
            let page = try await flights.page(statement, of: tenant)
            return (
              place, .success(Page(tenant: page.versions[0][0].int, value: page.rows[0][0].int))
            )
          } catch {
            return (place, .failure(error))
          }
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map(
        \.value)
    }
  }

  private func withFlights(
    _ body: @escaping @Sendable (PageFlights) async throws -> Void
  ) async throws {
    try await withDatabase { loop, database in
      let pool = Pool(Pool.Configuration(database, connectionsMax: 2), on: loop)
      defer { pool.close() }
      try await body(PageFlights(readers: pool) { "SELECT \($0)" })
    }
  }
}
