/// What an operator decides of the HTTP binding.
package struct APIConfiguration: Sendable {
  /// Whose web pages may call the API.
  package var origins = AllowedOrigins.none
  /// Whether the header `fiware-service` names the tenant where `NGSILD-Tenant` is absent.
  package var takesTenantFromFIWAREService = false

  package init() {}
}
