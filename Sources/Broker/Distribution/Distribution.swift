import DistributedOperations
import HTTPClient
import JSONLD
import NGSILD
import NGSILDQuery
import Postgres
import Registrations
import Storage

/// One operation's dealings with Context Sources.
///
/// Standard: distributed operations (GS CIM 009, 4.3.6).
struct Distribution: Sendable {
  let broker: Broker
  let origin: RequestOrigin
  let tenant: TenantNumber
  /// When no source is waited for any longer.
  let deadline: ContinuousClock.Instant
  /// Those that match and that the request has not passed yet, in the order of their ids.
  private(set) var registrations: [Registration]
  private let compiled: [IRI: CompiledRegistration]
  let answers: HeldAnswers

  /// nil if no source is to be asked: that is how nearly all requests go, so it costs little.
  ///
  /// - Parameters:
  ///   - time: what the operation is about.
  ///   - origin: nil for an operation on what is held here alone.
  ///   - sources: `csf`.
  init?(
    of specification: EntitySpecification, at time: Time = .present, scopes: ScopeQuery? = nil,
    sources: Query? = nil, from origin: RequestOrigin?, in tenant: TenantNumber, by broker: Broker
  ) {
    guard let origin else { return nil }
    let index = broker.registrations.index(of: tenant)
    guard !index.isEmpty else { return nil }
    let now = DateTime.now
    let matching = index.matches(for: specification, at: now).map(\.registration)
      .filter { candidate in
        !origin.hasPassed(candidate.registration) && time.isCovered(by: candidate.registration)
          && scopes.map(candidate.mayHave) ?? true
          && sources.map { candidate.satisfies($0, at: now) } ?? true
      }
    guard !matching.isEmpty else { return nil }
    self.broker = broker
    self.origin = origin
    self.tenant = tenant
    registrations = matching.map(\.registration).sorted { IRI($0.id) < IRI($1.id) }
    compiled = Dictionary(uniqueKeysWithValues: matching.map { (IRI($0.registration.id), $0) })
    answers = HeldAnswers(in: broker.sources.memory)
    let longest = registrations.compactMap(\.management.timeout).max() ?? .zero
    deadline = .now + max(broker.sources.timeout, longest)
  }

  /// The sources that can have what a query selects.
  ///
  /// Choice: of split Entities, a source may have parts that do not tell where these are, so no
  /// area rules them out.
  init?(
    querying request: QueryRequest, splits: Bool, at time: Time = .present,
    from origin: RequestOrigin?, in tenant: TenantNumber, by broker: Broker
  ) async throws(NGSILDError) {
    self.init(
      of: EntitySpecification(request, splits: splits), at: time, scopes: request.scopes,
      sources: request.sources, from: origin, in: tenant, by: broker)
    guard !splits, let geo = request.geo else { return }
    let bounded = compiled.values.filter { $0.hasArea(geo.geoproperty) }
    guard !bounded.isEmpty else { return }
    let outside = try await broker.database { () throws(PostgresError) in
      try await broker.registrationStore.outside(geo, among: bounded.map(\.key), tenant: tenant)
    }
    let ids = Set<IRI>(bounded.filter { outside.contains($0.key) }.map(\.registration.id))
    registrations.removeAll { ids.contains($0.id) }
    guard !registrations.isEmpty else { return nil }
  }

  func registration(_ id: String) -> Registration? { compiled[id]?.registration }

  func address(of registration: Registration) async -> SourceAddress {
    await broker.address(of: registration, from: origin, before: deadline(of: registration))
  }

  /// When an answer of the source is no longer waited for that is asked for now.
  func deadline(of registration: Registration) -> ContinuousClock.Instant {
    min(deadline, .now + (registration.management.timeout ?? broker.sources.timeout))
  }

  /// Has a source do something, by which its answers of before become worthless.
  func send(
    _ request: SourceRequest, to registration: Registration
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    let outcome = await ask(request, of: registration)
    if let source = compiled[registration.id] { broker.sources.answers.drop(source) }
    return outcome
  }

  /// - Parameter bytesMax: of the answer.
  func ask(
    _ request: SourceRequest, of registration: Registration,
    bytesMax: Int = SourceClient.answerBytesMax
  ) async -> Result<HTTPClientResponse, SourceFailure> {
    guard let source = compiled[registration.id] else {
      return .failure(.unreachable("it is not registered for this"))
    }
    return await broker.sources.send(
      request, to: source, deadline: deadline(of: registration), bytesMax: bytesMax)
  }

  /// Where an answer of a while ago may be; nil where the registration allows none.
  func shelf(for request: SourceRequest, of registration: Registration) -> AnswerShelf? {
    compiled[registration.id].flatMap { broker.sources.answers.shelf(for: request, of: $0) }
  }

  func noteUnusable(_ registration: Registration) {
    if let source = compiled[registration.id] { broker.sources.noteUnusable(source) }
  }
}

extension Distribution {
  enum Time: Sendable {
    /// The current state of Entities.
    case present
    /// Their history; nil for any part of it.
    case past(TemporalQuery?)

    fileprivate func isCovered(by registration: Registration) -> Bool {
      switch self {
      case .present: registration.covers(nil)
      case .past(let query): query.map(registration.mayCover) ?? true
      }
    }
  }
}

extension RequestOrigin {
  fileprivate func hasPassed(_ registration: Registration) -> Bool {
    registration.alias.map(via.contains) ?? false
  }
}
