import Broker
import JSONLD
package import Storage

extension TestClient {
  /// Indexes an Attribute of the Entities of a type, as `kontext index add` does.
  package func index(_ attribute: String, of type: String) async throws {
    try await withIndexStore { store, declaration in
      try await store.add(declaration(type, attribute))
    }
  }

  /// Takes it back; false if it is not indexed.
  package func removeIndex(_ attribute: String, of type: String) async throws -> Bool {
    try await withIndexStore { store, declaration in
      try await store.remove(declaration(type, attribute))
    }
  }

  package func withIndexStore<Result: Sendable>(
    _ body:
      @escaping @Sendable (
        IndexStore, (_ type: String, _ attribute: String) -> IndexStore.Declaration
      ) async throws -> Result
  ) async throws -> Result {
    let tenant = try await tenantNumber()
    let configuration = BrokerConfiguration(databaseURL: try await TestDatabase.schemaURL())
    let (loop, names) = (broker.loop, broker.tables.names)
    return try await loop.task {
      let pool = configuration.singleConnection(on: loop)
      defer { pool.close() }
      return try await body(IndexStore(pool: pool, names: names)) { type, attribute in
        IndexStore.Declaration(
          tenant: tenant, type: Context.core.expand(type),
          attribute: Context.core.expand(attribute))
      }
    }.value
  }

  /// The tenant has to exist: something was written to it.
  package func tenantNumber() async throws -> TenantNumber {
    let name = tenant ?? ""
    return TenantNumber(try await query("SELECT id FROM tenant WHERE name = \(name)")[0][0].int)
  }
}
