import JSONLD
import NGSILD
import Postgres
import Storage
import Subscriptions

/// Subscriptions to Context Source Registrations (GS CIM 009, 5.11).
extension Broker {
  /// 5.11.2, 5.11.3: a subscription that was made or changed is told all registrations that match.
  func tellRegistrations(to id: String, in tenant: TenantNumber) async throws(NGSILDError) {
    let subscription = subscriptionTable.toRegistrations(of: tenant)
      .first { IRI($0.subscription.id) == IRI(id) }
    // Without it, it has been deleted meanwhile.
    guard let subscription else { return }
    try await changeRegistrations(of: tenant) { transaction throws(PostgresError) in
      try await transaction.tellAll(to: subscription)
      return nil
    }
  }
}
