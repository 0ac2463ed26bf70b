import JSON
import NGSILD
import NGSILDQuery
import Registrations
import Storage
import Subscriptions

/// Periodic notifications over Context Sources (GS CIM 009, 5.8.6).
extension Broker {
  /// Entities of one periodic notification, those of sources among them.
  private static let periodicEntitiesMax = SourceReader.entitiesMax

  /// The Entities that a subscription asks for, here and at sources; nil where no source is to be
  /// asked, or all of this fails.
  func entities(
    for subscription: CompiledSubscription, in tenant: TenantNumber
  ) async -> [JSONValue]? {
    let request = QueryRequest(subscription.subscription)
    let origin = origin(in: subscription.tenantName, context: subscription.linkedContext)
    guard
      Distribution(
        of: EntitySpecification(request), scopes: request.scopes, sources: request.sources,
        from: origin, in: tenant, by: self) != nil
    else { return nil }
    var query = EntityQuery(request)
    query.limit = Self.periodicEntitiesMax
    do throws(NGSILDError) {
      let gathered = try await queryEntities(
        query, request, splits: subscription.subscription.isSplit, in: tenant, from: origin)
      for warning in gathered.warnings {
        log.warning(
          "periodic notification incomplete",
          ["subscription": "\(subscription.key)", "warning": warning.text])
      }
      return gathered.entities.map(\.value)
    } catch {
      log.warning(
        "periodic notification without sources",
        ["subscription": "\(subscription.key)", "reason": error.detail])
      return nil
    }
  }
}

extension QueryRequest {
  /// The Entities that a subscription asks for; what of them is told is not the sources' business.
  fileprivate init(_ subscription: Subscription) {
    self.init()
    selectors = subscription.entities.map(NGSILDQuery.EntitySelector.init)
    query = subscription.query?.tree
    scopes = subscription.scopeQuery?.tree
    geo = subscription.geoQuery?.tree
    sources = subscription.sourceQuery?.tree
  }
}
