import DistributedOperations
import JSONLD
import NGSILD
import Registrations
import Storage

extension JSONLDError {
  static let late = JSONLDError(.loadingDocumentFailed, "it did not come in time")
}

extension Broker {
  /// The source of a registration, addressed in words that it understands.
  ///
  /// Choice: where the source's own `@context` cannot be had, that of the request has to do.
  ///
  /// - Parameter deadline: until which that is waited for.
  func address(
    of registration: Registration, from origin: RequestOrigin,
    before deadline: ContinuousClock.Instant
  ) async -> SourceAddress {
    guard let url = registration.sourceInfo.jsonldContext else {
      return SourceAddress(registration, origin, context: origin.context)
    }
    do throws(JSONLDError) {
      let context = try await inTime(deadline, otherwise: .late) { () throws(JSONLDError) in
        try await self.contexts.context(linkedAt: url, in: origin.tenantName)
      }
      return SourceAddress(registration, origin, context: context)
    } catch {
      log.warning(
        "context of registration not available",
        ["registration": registration.id, "reason": "\(error)"])
      return SourceAddress(registration, origin, context: origin.context)
    }
  }

  /// Of what this broker asks sources for by itself, for a subscription: no client's header fields
  /// go with it.
  ///
  /// - Parameter via: fields of the request by which the subscription was made.
  func origin(in tenantName: String, context: Context, via: String = "") -> RequestOrigin {
    RequestOrigin(
      tenantName: tenantName, alias: source.alias(of: TenantName(stored: tenantName)),
      via: Via(via.isEmpty ? [] : [via]), context: context, header: { _ in [] })
  }
}
