import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import TestSupport
import Testing

@testable import Storage

/// Runs `body` with the history of the Entity `urn:x:1`, and what plans for it are made with.
func withHistory(
  _ entity: String, _ body: (TestClient, QueryScope) async throws -> Void
) async throws {
  try await withTestTenant { client in
    let response = try await client.send("POST", "temporal/entities", entity)
    try #require(response.status == 201, "\(response.text)")
    let name = client.tenant ?? ""
    let row = try await client.query("SELECT id FROM tenant WHERE name = \(name)")[0]
    let tables = client.broker.tables
    let tenant = TenantNumber(row[0].int)
    try await body(
      client,
      QueryScope(
        tenant: tenant, now: DateTime("2026-01-01T00:00:00Z")!, names: tables.names,
        typesets: tables.typesets.typesets(of: tenant), indexed: []))
  }
}

extension TestClient {
  /// Runs statements in one transaction, as reads of the history are run.
  func readHistory(_ statements: [SQL]) async throws -> [Rows] {
    let pool = broker.connections.history
    return try await broker.loop.task { try await pool.flight(statements) }.value
  }
}

func expanded(_ name: String) -> IRI { Context.core.expand(name) }
