package import DistributedOperations
package import HTTPClient
package import Snapshots
package import Storage

/// How the broker of one loop reaches its database and the outside world.
package struct BrokerConfiguration: Sendable {
  /// A libpq URI.
  package var databaseURL: String
  package var writeConnections = 4
  package var readConnections = 4
  package var queryConnections = 4
  /// How long a request waits for one of them.
  package var connectionWait = Duration.seconds(5)
  /// A longer query is cancelled.
  package var queryTimeout = Duration.seconds(30)
  package var historyLimits = HistoryLimits()
  package var snapshotLifetime = LifetimeLimits(
    standard: .seconds(86_400), longest: .seconds(30 * 86_400))
  package var delivery = DeliveryLimits()
  package var events = EventLimits()
  /// What clients put before the path to reach the broker; nil for whatever they call it by.
  package var publicURL: String?
  /// Addresses to which notifications and requests to Context Sources go and from which contexts
  /// come.
  package var allowedAddresses = AddressPolicy.publicOnly

  /// How long an @context may take to arrive.
  package var contextTimeout = Duration.seconds(5)
  /// How long a Context Source may take to answer that says nothing of it itself.
  package var sourceTimeout = Duration.seconds(5)
  /// Requests under way to one Context Source; further ones wait. Where tenants of one broker are each
  /// other's sources, one request may need several: with too few, all wait for one another.
  package var sourceConnections = 32
  package var sourceCredentials = SourceCredentials()
  /// By what name other Context Sources know this one; nil for a name of the database's own.
  package var sourceAlias: String?

  package init(databaseURL: String) { self.databaseURL = databaseURL }
}
