package import JSONLD

/// What a forwarded request takes over from the request that caused it.
package struct RequestOrigin: Sendable {
  package let tenantName: String
  /// By what name this broker stands in `Via`, for the tenant.
  package let alias: String
  package let via: Via
  /// Of the request; with a URL, since sources have to read it.
  package let context: Context
  /// Values of the client's header fields of a name, for sources that ask for them.
  package let header: @Sendable (String) -> [String]

  package init(
    tenantName: String, alias: String, via: Via, context: Context,
    header: @escaping @Sendable (String) -> [String]
  ) {
    self.tenantName = tenantName
    self.alias = alias
    self.via = via
    self.context = context
    self.header = header
  }

  /// Whether the request has been here already, so that to forward it again would never end.
  package var isLoop: Bool { via.contains(alias) || via.count >= Via.hopsMax }
}
