package import JSONLD
package import NGSILD
package import NGSILDQuery
package import Registrations

/// Whom a read is forwarded to, and what is then no longer read here.
///
/// Standard: GS CIM 009, 4.3.6, 5.7.1.4 and 5.7.2.4.
package struct ReadPlan: Hashable, Sendable {
  /// In the order of the registrations' ids.
  package private(set) var reads: [SourceRead] = []
  /// What exclusive and redirect registrations claim for their sources.
  private var claims: [RegistrationInfo] = []

  package var isLocal: Bool { reads.isEmpty }

  /// The same plan with other reads of its sources.
  package func asking(_ reads: [SourceRead]) -> ReadPlan {
    var plan = self
    plan.reads = reads
    return plan
  }

  /// What nobody but proxied sources may contribute to.
  package struct Claim: Hashable, Sendable {
    /// Empty for all Entities.
    package let selectors: [EntitySelector]
    /// Empty for Entities as a whole.
    package let attributes: Set<IRI>
  }
}

// MARK: Retrieve

extension ReadPlan {
  /// - Parameter registrations: candidates, of the tenant, neither expired nor passed already.
  package init(
    retrieving id: String, _ request: QueryRequest, from registrations: [Registration]
  ) {
    let selector = EntitySelector(types: request.selectors.first?.types, ids: [IRI(id)])
    for registration in registrations.ordered {
      guard let operation = registration.operations.retrieval else { continue }
      plan(
        operation, of: registration, [selector], attributes: request.wantedAttributes,
        filters: ReadFilters())
    }
  }
}

extension RegisteredOperations {
  /// A source that cannot retrieve is asked by a query for the id.
  fileprivate var retrieval: SourceRead.Operation? {
    contains(.retrieveEntity) ? .retrieveEntity : query
  }

  fileprivate var query: SourceRead.Operation? {
    if contains(.queryEntity) { return .queryEntity }
    return contains(.queryBatch) ? .queryBatch : nil
  }
}

// MARK: Query

extension ReadPlan {
  /// - Parameters:
  ///   - splits: whether parts of one Entity may be in several sources, so that conditions hold
  ///     for what is put together, and no source can tell.
  ///   - registrations: as for a retrieval.
  package init(
    querying request: QueryRequest, splits: Bool, from registrations: [Registration]
  ) {
    let selectors =
      request.selectors.isEmpty
      ? [EntitySelector()] : request.selectors.compactMap(\.withoutPatternBesideIds)
    var filters = splits ? ReadFilters() : ReadFilters(request)
    filters.sources = request.sources
    // An auxiliary source counts where nobody else has the Attribute, in whatever dataset.
    if registrations.contains(where: { $0.mode == .auxiliary }) { filters.datasets = nil }
    let attributes = splits ? request.neededAttributes : request.wantedAttributes
    for registration in registrations.ordered {
      guard let operation = registration.operations.query else { continue }
      plan(
        operation, of: registration, selectors, attributes: attributes, filters: filters)
    }
  }
}

extension QueryRequest {
  /// The Attributes that are to be shown; nil for all.
  var wantedAttributes: Set<IRI>? {
    let attributes = projection.shownAttributes
    return attributes.isEmpty ? nil : attributes
  }

  /// Those, and what conditions look at.
  var neededAttributes: Set<IRI>? {
    guard var attributes = wantedAttributes else { return nil }
    attributes.formUnion(query?.attributes ?? [])
    if let geo { attributes.insert(geo.geoproperty) }
    return attributes
  }
}

extension Projection {
  /// Empty where an Entity without them is shown all the same.
  var shownAttributes: Set<IRI> {
    guard let pick else { return Set(attributes) }
    var picked: Set<IRI> = []
    for term in pick.terms {
      guard case .attribute(let name) = term.member else { return [] }
      picked.insert(name)
    }
    return picked
  }
}

// MARK: Narrowing to what is registered

extension [Registration] {
  var ordered: [Registration] { sorted { IRI($0.id) < IRI($1.id) } }
}

extension ReadPlan {
  mutating func plan(
    _ operation: SourceRead.Operation, of registration: Registration,
    _ selectors: [EntitySelector], attributes: Set<IRI>?, filters: ReadFilters,
    temporal: TemporalQuery? = nil
  ) {
    for info in registration.information {
      guard let attributes = info.narrowed(attributes) else { continue }
      var parts: [NarrowedSelector] = []
      for selector in selectors { parts.merge(info.narrowed(selector)) }
      for part in parts {
        reads.append(
          SourceRead(
            source: registration.id, operation: operation, selector: part.selector,
            registeredPattern: part.registeredPattern, attributes: attributes, filters: filters,
            temporal: temporal))
      }
      if registration.mode.isProxied && !parts.isEmpty { claims.append(info) }
    }
  }

  /// What this broker may contribute to an Entity: nothing that a proxied source holds (4.3.6.3).
  package func own(_ entity: Entity) -> Entity? {
    var entity = entity
    for info in claims where info.covers(entity.id, entity.types) {
      guard !info.attributes.isEmpty else { return nil }
      entity.attributes.removeAll { info.attributes.contains($0.name) }
    }
    return entity
  }

  package var claimed: [Claim] {
    claims.map { info in
      Claim(selectors: info.entities.map(\.selector), attributes: Set(info.attributes))
    }
  }

  /// Which of the Entities that are asked for may be claimed, as a whole or in part; none if
  /// nothing is.
  package func claimed(among selectors: [EntitySelector]) -> [EntitySelector] {
    let selectors = selectors.isEmpty ? [EntitySelector()] : selectors
    return claims.flatMap { info in
      selectors.flatMap { info.narrowed($0).map(\.selector) }
    }
  }

  /// Whether anything is claimed.
  package var hasClaims: Bool { !claims.isEmpty }
}
