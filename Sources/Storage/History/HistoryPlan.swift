import JSONLD
import NGSILD
import NGSILDQuery
import Postgres

/// How a part of the history is read: each Attribute of each Entity is a series, which is a range of
/// the index `attribute_instance_time`, read from either end and no further than needed.
struct HistoryPlan: Hashable {
  /// Whose history is read.
  enum Entities: Hashable {
    case keys([Int64])
    case id(String)
  }

  /// The columns of `instances`.
  enum Column {
    static let key = 0
    static let attribute = 1
    static let id = 2
    static let time = 3
    static let document = 4
    static let created = 5
    static let modified = 6
    /// Whether the document holds nothing that is shown in another form.
    static let isPlain = 7
    /// How many instances of each series the answer holds at most.
    static let cap = 8
  }

  let scope: Scope
  var window: HistoryWindow
  let lastN: Int?
  var limits: HistoryLimits
  let attributes: Attributes
  let scopes: ScopeQuery?
  let showsScopes: Bool
  /// Whether instances of Context Sources count whatever scopes are asked for: the sources have looked.
  let trustsSources: Bool
  /// Whether hourly figures stand for instances that are gone: those of the time they are stored by.
  let countsHours: Bool

  /// What names stand for.
  struct Scope: Hashable {
    let tenant: TenantNumber
    let scopeName: NameNumber
  }

  enum Attributes: Hashable {
    case only([NameNumber])
    case except([NameNumber])
  }

  init(
    _ part: HistoryPart, scopes: ScopeQuery? = nil, limits: HistoryLimits, in scope: QueryScope
  ) {
    self.scope = Scope(tenant: scope.tenant, scopeName: scope.names.scope)
    self.scopes = scopes
    self.limits = limits
    lastN = part.temporal.lastN
    showsScopes = part.showsScopes
    trustsSources = scope.foreign?.areSelected ?? false
    countsHours = part.countsHours && part.temporal.timeproperty == .observedAt
    window = HistoryWindow(part.temporal, in: scope)
    window.datasets = part.datasets.map { selection in
      selection.ids.compactMap { scope.names.number(of: $0) }
        + (selection.includesDefault ? [0] : [])
    }
    let numbers = part.attributes.names.compactMap { scope.names.number(of: $0) }.sorted()
    attributes =
      switch part.attributes {
      case .all, .except: .except(numbers + (showsScopes ? [] : [scope.names.scope]))
      case .only: .only(numbers + (showsScopes ? [scope.names.scope] : []))
      }
  }

  /// The same for one instant.
  func at(_ instant: DateTime, limits: HistoryLimits) -> HistoryPlan {
    var plan = self
    plan.limits = limits
    plan.window.interval = .between(instant, DateTime(microseconds: instant.microseconds + 1))
    return plan
  }

  /// Whether instances are read from the latest back.
  var isBackward: Bool { lastN != nil }
}
