import TestSupport
import Testing

/// A hub and Context Sources, all tenants of one broker, which talk over sockets.
struct Federation {
  let hub: TestClient
  let broker: TestBroker

  /// Another tenant, and the registration of it at the hub.
  ///
  /// - Parameters:
  ///   - information: JSON, the members of the one `RegistrationInfo`.
  ///   - members: JSON, further members of the registration with a leading comma.
  func source(
    _ id: String, mode: String = "inclusive",
    _ information: String = #""entities": [{"type": "Room"}]"#, _ members: String = "",
    _ body: (TestClient) async throws -> Void
  ) async throws {
    let name = newTenantName()
    let source = TestClient(broker, tenant: name)
    do {
      // A tenant exists with its first Entity.
      try await source.create(entity("urn:x:mark", "Mark"))
      try await register(
        id, mode: mode, information, endpoint: "http://127.0.0.1:\(broker.port)",
        #", "tenant": "\#(name)"\#(members)"#)
      try await body(source)
      try await source.removeTenant()
    } catch {
      try await source.removeTenant()
      throw error
    }
  }

  func register(
    _ id: String, mode: String = "inclusive",
    _ information: String = #""entities": [{"type": "Room"}]"#, endpoint: String,
    _ members: String = ""
  ) async throws {
    let isAuxiliary = mode == "auxiliary"
    let operations =
      isAuxiliary || members.contains("operations") ? "" : #", "operations": ["redirectionOps"]"#
    let response = try await hub.send(
      "POST", "csourceRegistrations",
      """
      {"id": "urn:r:\(id)", "type": "ContextSourceRegistration", "mode": "\(mode)",
       "endpoint": "\(endpoint)", "information": [{\(information)}]\(operations)\(members)}
      """)
    try #require(response.status == 201, "\(response.text)")
  }

  /// Runs `body` with a hub that has no sources yet.
  static func run(_ body: (Federation) async throws -> Void) async throws {
    let broker = try await TestBroker.shared()
    try await withTestTenant { hub in
      try await hub.create(entity("urn:x:mark", "Mark"))
      try await body(Federation(hub: hub, broker: broker))
    }
  }
}
