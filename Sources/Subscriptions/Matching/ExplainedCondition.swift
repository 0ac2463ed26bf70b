package import JSON
package import JSONLD
package import NGSILD
import NGSILDQuery

/// One condition of a subscription, and what a change makes of it.
package struct ExplainedCondition: Sendable {
  /// The member of the Subscription that states it.
  package let member: String
  package let holds: Bool
  /// For operators: the values that decide.
  package let reason: String

  package init(_ member: String, _ holds: Bool, _ reason: String) {
    self.member = member
    self.holds = holds
    self.reason = reason
  }
}

extension CompiledSubscription {
  /// What matching makes of a change, condition by condition: the functions that decide here are
  /// those of matching. What only the database can decide is left out.
  ///
  /// - Parameter document: as for `ChangeMatching.due`.
  package func explain(
    _ change: EntityChange, document: JSONValue, at now: DateTime,
    linked: @escaping (IRI) -> JSONValue?
  ) -> [ExplainedCondition] {
    guard let summary = ChangeSummary(change) else { return [] }
    var conditions = [explainStatus(at: now), explainSelectors(summary)]
    conditions += explainChange(summary)
    if let scopeQuery = subscription.scopeQuery {
      conditions.append(explainScopes(scopeQuery, document))
    }
    if let query = subscription.query {
      conditions.append(explainQuery(query, document, at: now, linked: linked))
    }
    return conditions
  }

  private func explainStatus(at now: DateTime) -> ExplainedCondition {
    let status = subscription.status(at: now)
    let reason =
      switch status {
      case .active: "The Subscription is active"
      case .paused: "The Subscription is paused: 'isActive' is false"
      case .expired: "The Subscription expired at \(subscription.expiresAt?.text ?? "")"
      }
    return ExplainedCondition("status", isActive(at: now), reason)
  }

  private func explainSelectors(_ change: ChangeSummary) -> ExplainedCondition {
    let entity =
      "'\(change.id)' of type \(change.types.map(context.compact).joined(separator: ", "))"
    guard !subscription.entities.isEmpty else {
      return ExplainedCondition("entities", selects(change), "Any Entity is selected")
    }
    let selectors = subscription.entities.map(describe).joined(separator: ", or ")
    let verb = selects(change) ? "is selected by" : "is not selected by"
    return ExplainedCondition("entities", selects(change), "\(entity) \(verb) \(selectors)")
  }

  private func describe(_ selector: EntitySelector) -> String {
    var text = "type '\(selector.types.text)'"
    if let id = selector.id {
      text += " with id '\(id)'"
    } else if let pattern = selector.idPattern {
      text += " with idPattern '\(pattern.text)'"
    }
    return text
  }

  // MARK: The change

  /// Watched Attributes, triggers and datasets, which one Attribute has to satisfy together.
  private func explainChange(_ change: ChangeSummary) -> [ExplainedCondition] {
    if hearsOf(change) {
      let kind = change.isCreation ? "created" : "deleted"
      return [ExplainedCondition("notificationTrigger", true, "The Entity was \(kind)")]
    }
    let watched = change.attributes.filter(watches)
    let shown = watched.filter(shows)
    let triggering = shown.filter { triggers.contains($0.trigger) }
    var conditions = [
      ExplainedCondition(
        "watchedAttributes", !watched.isEmpty,
        watched.isEmpty
          ? "\(list(change.attributes)); \(watchedNames) watched" : "\(list(watched)), watched")
    ]
    if datasets != nil {
      conditions.append(
        ExplainedCondition(
          "datasetId", !shown.isEmpty,
          "Of the changed instances, \(shown.count) of \(watched.count) are of a dataset that is "
            + "told of"))
    }
    conditions.append(
      ExplainedCondition(
        "notificationTrigger", !triggering.isEmpty,
        "\(list(shown)); \(subscription.shownTriggers) trigger a notification"))
    return conditions
  }

  private var watchedNames: String {
    watched.isEmpty
      ? "any is" : watched.map(context.compact).sorted().joined(separator: ", ") + " are"
  }

  private func list(_ changes: [AttributeChange]) -> String {
    guard !changes.isEmpty else { return "No such Attribute got another value" }
    return changes.map { "'\(context.compact($0.name))' was \($0.kind)" }.joined(separator: ", ")
  }

  // MARK: The Entity

  private func explainScopes(
    _ scopeQuery: Given<ScopeQuery>, _ document: JSONValue
  ) -> ExplainedCondition {
    let scopes = document["scope"].map { $0.rawText } ?? "none"
    return ExplainedCondition(
      "scopeQ", isInScope(document), "'\(scopeQuery.text)' is asked for; the scopes are \(scopes)")
  }

  private func explainQuery(
    _ query: Given<Query>, _ document: JSONValue, at now: DateTime,
    linked: @escaping (IRI) -> JSONValue?
  ) -> ExplainedCondition {
    let unmet = query.tree.unmet(by: document, at: now, linked: linked)
    guard !unmet.isEmpty else {
      return ExplainedCondition("q", true, "'\(query.text)' is satisfied")
    }
    let reasons = unmet.map { part in
      let values = part.found.map { String($0.rawText.prefix(100)) }.joined(separator: ", ")
      let found = values.isEmpty ? "there is no such value" : "the value is \(values)"
      return "'\(part.query.text(naming: context.compact))' is not satisfied: \(found)"
    }
    return ExplainedCondition("q", false, reasons.joined(separator: "; "))
  }
}

extension Subscription {
  fileprivate var shownTriggers: String {
    (givenTriggers ?? NotificationTrigger.standard).map(\.rawValue).joined(separator: ", ")
  }
}

extension AttributeChange {
  fileprivate var kind: String {
    switch trigger {
    case .attributeCreated: "created"
    case .attributeDeleted: "deleted"
    default: "updated"
    }
  }
}
