import EventLoop
import HTTPClient
import HTTPServer
package import JSON
package import Postgres

/// How a test reaches the broker.
package enum Transport: String, Sendable, CaseIterable {
  /// Through `API` on the broker's loop.
  case inProcess
  /// Over a socket on loopback.
  case socket
}

/// Sends requests to a broker in the name of one tenant.
package struct TestClient: Sendable {
  package let broker: TestBroker
  package let transport: Transport
  /// nil for the default tenant.
  package let tenant: String?

  package init(_ broker: TestBroker, _ transport: Transport = .inProcess, tenant: String?) {
    self.broker = broker
    self.transport = transport
    self.tenant = tenant
  }

  /// Sends a request; a target that does not begin with `/` lies below `/ngsi-ld/v1/`.
  ///
  /// - Parameters:
  ///   - body: a `Content-Length` and a `Content-Type` go with it, unless `headers` name another.
  ///   - headers: one with an empty value takes back what would be sent otherwise.
  package func send(
    _ method: String, _ target: String, _ body: String? = nil,
    headers: [(name: String, value: String)] = []
  ) async throws -> TestResponse {
    let target = target.hasPrefix("/") ? target : "/ngsi-ld/v1/\(target)"
    var fields: [(name: String, value: String)] = []
    if body != nil {
      fields = [
        ("Content-Type", "application/json"), ("Content-Length", "\(body?.utf8.count ?? 0)"),
      ]
    }
    if let tenant { fields.append(("NGSILD-Tenant", tenant)) }
    for (name, value) in headers {
      fields.removeAll { $0.name.lowercased() == name.lowercased() && name != "Link" }
      if !value.isEmpty { fields.append((name, value)) }
    }
    let bytes = Array((body ?? "").utf8)
    switch transport {
    case .inProcess: return try await sendInProcess(method, target, fields, bytes)
    case .socket: return try await sendOverSocket(method, target, fields, bytes)
    }
  }

  private func sendInProcess(
    _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]
  ) async throws -> TestResponse {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let request = HTTPRequest(
      method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : nil,
      headers: HTTPHeaders(fields), body: body, remoteAddress: "127.0.0.1")
    let api = broker.api
    let response = try await broker.loop.task {
      if let refusal = api.refuse(request) { return refusal }
      return await api.respond(to: request)
    }.value
    return TestResponse(status: response.status, headers: response.headers, body: response.body)
  }

  private func sendOverSocket(
    _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]
  ) async throws -> TestResponse {
    let response = try await broker.client.send(
      HTTPClientRequest(
        method: method, url: "http://127.0.0.1:\(broker.port)\(target)",
        headers: fields.filter { $0.name != "Content-Length" }, body: body, timeout: .seconds(60)))
    return TestResponse(
      status: response.status, headers: response.headers.fields, body: response.body)
  }
}

/// The broker's answer.
package struct TestResponse: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package var text: String { String(decoding: body, as: UTF8.self) }

  /// The body; null if it is no JSON.
  package var json: JSONValue {
    (try? JSONValue(parsing: body)) ?? JSONValue.testNull
  }

  package func all(_ name: String) -> [String] {
    headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
  }

  package subscript(_ name: String) -> String? { all(name).first }

  /// Where the first link of a relation leads.
  package func link(_ relation: String) -> String? {
    all("Link").first { $0.contains("rel=\"\(relation)\"") }
      .map { String($0.dropFirst().prefix { $0 != ">" }) }
  }

  /// The last part of the error's `type`.
  package var errorType: String? {
    json["type"]?.string?.split(separator: "/").last.map(String.init)
  }

  package var detail: String { json["detail"]?.string ?? "" }

  /// The ids of the Entities in an array, or of the one.
  package var ids: [String] {
    (json.isArray ? Array(json.elements) : [json]).compactMap { $0["id"]?.string }
  }
}

extension JSONValue {
  fileprivate static var testNull: JSONValue {
    guard let value = try? JSONValue(parsing: "null") else { preconditionFailure("null is JSON") }
    return value
  }
}

/// Runs `body` with a tenant that exists for it alone, on the shared broker.
package func withTestTenant<Result: Sendable>(
  _ transport: Transport = .inProcess,
  _ body: (TestClient) async throws -> Result
) async throws -> Result {
  let broker = try await TestBroker.shared()
  let client = TestClient(broker, transport, tenant: newTenantName())
  do {
    let result = try await body(client)
    try await client.removeTenant()
    return result
  } catch {
    try await client.removeTenant()
    throw error
  }
}

/// Runs `body` with so many tenants that exist for it alone.
package func withTestTenants<Result: Sendable>(
  _ count: Int, _ tenants: [TestClient] = [], _ body: ([TestClient]) async throws -> Result
) async throws -> Result {
  guard tenants.count < count else { return try await body(tenants) }
  return try await withTestTenant { tenant in
    try await withTestTenants(count, tenants + [tenant], body)
  }
}

/// A name that no other test has.
package func newTenantName() -> String { "test-\(UInt64.random(in: 0...UInt64.max))" }

extension TestClient {
  /// Removes everything that the tenant owns.
  package func removeTenant() async throws {
    let tables = [
      "entity", "entity_value", "entity_geo", "attribute_instance", "subscription",
      // In the order in which deliveries are settled.
      "notification", "dead_notification", "event", "event_stream", "subscription_delivery",
      "typeset", "context",
      // In the order of folding, which may run meanwhile.
      "census_change", "census",
      "indexed_attribute", "attribute_index", "retention", "attribute_hour", "snapshot",
      "entity_map", "entity_map_entry", "registration", "registration_geo", "registration_request",
      "subscription_period", "throttled_notification",
    ]
    guard let tenant else { return }
    let of: SQL = "(SELECT id FROM tenant WHERE name = \(tenant))"
    let statements: [SQL] = tables.map { "DELETE FROM \(identifier: $0) WHERE tenant IN \(of)" }
    // These are planned meanwhile, for all tenants together.
    let copies: SQL =
      """
      WITH plan AS MATERIALIZED (SELECT is_only FROM subscription_copy_plan FOR UPDATE)
      DELETE FROM subscription_copy USING plan WHERE is_only AND tenant IN \(of)
      """
    let pool = broker.connections.queries
    try await broker.loop.task {
      _ = try await pool.flight(
        statements + [copies, "DELETE FROM tenant WHERE name = \(tenant)"])
    }.value
  }

  /// Runs a statement on the broker's database.
  package func query(_ sql: SQL) async throws -> Rows {
    let pool = broker.connections.queries
    return try await broker.loop.task { try await pool.query(sql) }.value
  }
}
