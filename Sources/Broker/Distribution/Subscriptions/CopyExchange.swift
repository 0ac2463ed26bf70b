import DistributedOperations
import HTTPClient
import JSONLD
import NGSILD
import Postgres
import Registrations
import Storage
import Subscriptions

/// Sees that one Context Source has one copy as it is to be, or has it no more.
///
/// Each request may be repeated: a source that already has the copy says so, and is then told what
/// the copy is to be like.
///
/// Standard: GS CIM 009, 5.8.1.4, 5.8.2.4 and 5.8.5.4.
struct CopyExchange {
  let broker: Broker

  /// Longer than any exchange takes.
  static let lease = Duration.seconds(60)
  private static let answerTimeMax = Duration.seconds(20)

  private enum Outcome {
    /// What the source calls the copy, if otherwise than it was told.
    case done(givenID: String?)
    case gone
    /// The source has no copy, though it had one.
    case lost
    case failed(String)
    /// Choice: a source that refuses is asked again much later.
    case refused(String)
  }

  func run(_ copy: DueCopy) async {
    let outcome = await outcome(of: copy)
    do throws(PostgresError) {
      try await write(outcome, of: copy)
    } catch {
      // The lease runs out, and the source is asked once more.
      broker.log.warning("copy of subscription not noted", ["error": "\(error)"])
    }
  }

  private func write(_ outcome: Outcome, of copy: DueCopy) async throws(PostgresError) {
    let store = broker.copies.store
    switch outcome {
    case .done(let id): try await store.succeeded(copy, as: id)
    case .gone: try await store.forget(copy)
    case .lost:
      try await store.failed(
        copy, isLost: true, wait: CopyPause(copy.attempts).length,
        "the source has no copy any more")
    case .failed(let reason):
      try await retry(copy, after: CopyPause(copy.attempts).length, reason)
    case .refused(let reason): try await retry(copy, after: CopyPause.afterRefusal, reason)
    }
  }

  private func retry(
    _ copy: DueCopy, after wait: Duration, _ reason: String
  ) async throws(PostgresError) {
    broker.log.warning("copy of subscription not kept", ["copy": copy.id, "reason": reason])
    guard copy.wanted != nil || copy.age < CopyPause.deletionTimeMax else {
      return try await broker.copies.store.forget(copy)
    }
    try await broker.copies.store.failed(copy, wait: wait, reason)
  }

  // MARK: What is to be done

  private func outcome(of copy: DueCopy) async -> Outcome {
    guard let registration = Registration(keptIn: copy.source) else {
      return .failed("its registration is not understood")
    }
    let source = Source(
      registration: CompiledRegistration(registration, key: copy.registration),
      address: await address(of: registration, for: copy))
    guard let document = copy.wanted else { return await delete(copy, at: source) }
    guard let wanted = Subscription(keptIn: document) else {
      return .failed("the copy is not understood")
    }
    guard let present = copy.present.flatMap(Subscription.init(keptIn:)) else {
      return await create(wanted, of: copy, at: source)
    }
    return await update(from: present, to: wanted, of: copy, at: source)
  }

  private struct Source {
    let registration: CompiledRegistration
    let address: SourceAddress

    var operations: RegisteredOperations { registration.registration.operations }
  }

  private func create(
    _ wanted: Subscription, of copy: DueCopy, at source: Source
  ) async -> Outcome {
    switch await send(source.address.creation(of: wanted), to: source) {
    case .answer(201, let location): .done(givenID: location.isExactly(copy.id) ? nil : location)
    case .answer(200..<300, _): .done(givenID: nil)
    // An earlier request reached it, though its answer did not reach this broker.
    case .answer(409, _): await update(from: nil, to: wanted, of: copy, at: source)
    case .answer(let status, _): outcome(status)
    case .none(let reason): .failed(reason)
    }
  }

  private func update(
    from present: Subscription?, to wanted: Subscription, of copy: DueCopy, at source: Source
  ) async -> Outcome {
    let id = copy.givenID ?? copy.id
    guard let request = source.address.update(of: id, from: present, to: wanted) else {
      return .done(givenID: copy.givenID)
    }
    guard source.operations.contains(.updateSubscription) else {
      // Choice: such a source gets a new one; the present one stays where it cannot be deleted.
      guard source.operations.contains(.deleteSubscription) else {
        return .done(givenID: copy.givenID)
      }
      let deletion = await delete(copy, at: source)
      guard case .gone = deletion else { return deletion }
      return await create(wanted, of: copy, at: source)
    }
    switch await send(request, to: source) {
    case .answer(200..<300, _): return .done(givenID: copy.givenID)
    case .answer(404, _): return .lost
    case .answer(let status, _): return outcome(status)
    case .none(let reason): return .failed(reason)
    }
  }

  private func delete(_ copy: DueCopy, at source: Source) async -> Outcome {
    guard source.operations.contains(.deleteSubscription) else { return .gone }
    let request = source.address.deletion(ofCopy: copy.givenID ?? copy.id)
    switch await send(request, to: source) {
    case .answer(200..<300, _), .answer(404, _), .answer(410, _): return .gone
    case .answer(let status, _): return outcome(status)
    case .none(let reason): return .failed(reason)
    }
  }

  private func outcome(_ status: Int) -> Outcome {
    let reason = "the source answered with the status \(status)"
    switch status {
    case 408, 429, 502, 503, 504: return .failed(reason)
    case 400..<500, 501, 508: return .refused(reason)
    default: return .failed(reason)
    }
  }

  // MARK: Requests

  private enum Answer {
    /// The last part of where it says that the copy is.
    case answer(Int, String?)
    case none(String)
  }

  private func send(_ request: SourceRequest, to source: Source) async -> Answer {
    let result = await broker.sources.send(
      request, to: source.registration, deadline: .now + Self.answerTimeMax)
    switch result {
    case .success(let response): return .answer(response.status, response.createdID)
    case .failure(let failure): return .none("\(failure)")
    }
  }

  /// A subscription that is no more needs no names.
  private func address(of registration: Registration, for copy: DueCopy) async -> SourceAddress {
    let known = broker.subscriptionTable.distributed(copy.subscription)
    return await broker.address(
      of: registration,
      from: broker.origin(
        in: copy.tenantName, context: known?.subscription.linkedContext ?? .core,
        via: known?.distribution.via ?? ""), before: .now + Self.answerTimeMax)
  }
}

extension HTTPClientResponse {
  fileprivate var createdID: String? {
    headers.first("Location")?.split(separator: "/").last.flatMap { percentDecoded($0) }
  }
}

/// How long a source is left alone that could not be reached.
private struct CopyPause {
  let length: Duration

  static let afterRefusal = Duration.seconds(3600)
  /// Choice: a source that was away for so long is not told any more that a copy is to go.
  static let deletionTimeMax = Duration.seconds(7 * 86_400)
  private static let shortest = Duration.seconds(1)
  private static let longest = Duration.seconds(300)

  init(_ attempts: Int) {
    length = min(Self.shortest * (1 << min(attempts, 10)), Self.longest)
  }
}
