import NGSILD

/// Which look at few rows answered a query last: the first to be tried when the query comes again.
///
/// Clients ask the same again and again. A guess that has become wrong costs one look.
///
/// `@unchecked Sendable`: used on its loop's thread only.
final class GlanceMemory: @unchecked Sendable {
  /// A query without the place of its page.
  private struct Key: Hashable {
    let tenant: TenantNumber
    let query: EntityQuery

    init(_ query: EntityQuery, of tenant: TenantNumber) {
      var query = query
      query.offset = 0
      query.cursor = nil
      self.tenant = tenant
      self.query = query
    }
  }

  private enum Outcome {
    case sufficed(Glance)
    case noneSufficed(until: DateTime)
  }

  /// Of queries for which another look than the first is to be tried first, or none.
  private var outcomes: [Key: Outcome] = [:]

  private static let outcomesMax = 500
  /// What is asked for meanwhile is not looked at.
  private static let microsecondsWithout: Int64 = 10_000_000

  /// The looks that are worth trying, the most promising first.
  func promising(
    among glances: [Glance], for query: EntityQuery, at now: DateTime, tenant: TenantNumber
  ) -> [Glance] {
    guard !glances.isEmpty, !outcomes.isEmpty else { return glances }
    switch outcomes[Key(query, of: tenant)] {
    case nil: return glances
    case .sufficed(let best): return [best] + glances.filter { $0 != best }
    case .noneSufficed(let end): return end > now ? [] : glances
    }
  }

  /// Notes that what was the most promising look did not suffice.
  ///
  /// - Parameter glance: the one that did; nil for none.
  func note(_ glance: Glance?, for query: EntityQuery, at now: DateTime, tenant: TenantNumber) {
    let outcome: Outcome
    if let glance {
      outcome = .sufficed(glance)
    } else {
      // Pages at the end, where few are left, say nothing of the others.
      guard query.isFirstPage else { return }
      let end = DateTime(microseconds: now.microseconds + Self.microsecondsWithout)
      outcome = .noneSufficed(until: end)
    }
    if outcomes.count >= Self.outcomesMax { outcomes.removeAll() }
    outcomes[Key(query, of: tenant)] = outcome
  }
}

extension EntityQuery {
  fileprivate var isFirstPage: Bool { cursor == nil && offset == 0 }
}
