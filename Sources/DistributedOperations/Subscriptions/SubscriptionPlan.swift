import JSONLD
package import NGSILD
import NGSILDQuery
package import Registrations
package import Subscriptions

/// Which Context Sources get a copy of a Subscription, each reduced to what it has registered.
///
/// Choice: periodic notifications need no copies; what they tell is asked for when they are due.
///
/// Standard: GS CIM 009, 5.8.1.4.
package struct SubscriptionPlan: Sendable {
  package struct Copy: Sendable {
    package let registration: CompiledRegistration
    /// Tells copies for one registration apart, of which it has one for each set of Attributes:
    /// with fewer, more would be asked for than is registered.
    package let part: Int
    /// Its id is given to it when it is kept.
    package let subscription: Subscription
  }

  package let copies: [Copy]

  /// - Parameters:
  ///   - index: of the tenant.
  ///   - via: what the request has passed by which the Subscription was made.
  ///   - uri: where this broker takes notifications of sources.
  package init(
    _ subscription: Subscription, among index: RegistrationIndex, via: Via, notifying uri: String,
    at now: DateTime
  ) {
    guard subscription.isDistributed, subscription.timeInterval == nil,
      subscription.status(at: now) != .expired
    else {
      copies = []
      return
    }
    var specification = EntitySpecification(subscription)
    specification.datasets = subscription.datasetIds.map(DatasetSelection.init)
    copies = index.matches(for: specification, at: now)
      .filter { $0.registration.takes(subscription, via: via, at: now) }
      .flatMap { match in
        Self.copies(of: subscription, match.information, for: match.registration, to: uri)
      }
  }

  private static func copies(
    of subscription: Subscription, _ information: [RegistrationInfo],
    for source: CompiledRegistration, to uri: String
  ) -> [Copy] {
    var parts: [[RegistrationInfo]] = []
    for info in information {
      let place = parts.firstIndex { Set($0[0].attributes) == Set(info.attributes) }
      if let place { parts[place].append(info) } else { parts.append([info]) }
    }
    return parts.enumerated().compactMap { part, infos in
      subscription.reduced(to: infos, of: source.registration, notifying: uri).map {
        Copy(registration: source, part: part, subscription: $0)
      }
    }
  }
}

extension CompiledRegistration {
  fileprivate func takes(_ subscription: Subscription, via: Via, at now: DateTime) -> Bool {
    registration.operations.contains(.createSubscription) && registration.covers(nil)
      && !(registration.alias.map(via.contains) ?? false)
      && subscription.scopeQuery.map { mayHave($0.tree) } ?? true
      && subscription.sourceQuery.map { satisfies($0.tree, at: now) } ?? true
  }
}

extension DatasetSelection {
  fileprivate init(_ texts: [String]) {
    self.init(
      ids: texts.filter { $0 != "@none" }.map { IRI($0) }, includesDefault: texts.contains("@none"))
  }
}

// MARK: Reduction

extension Subscription {
  /// nil where the source has nothing that is watched.
  ///
  /// - Parameter parts: of its `information`, with the same Attributes.
  fileprivate func reduced(
    to parts: [RegistrationInfo], of registration: Registration, notifying uri: String
  ) -> Subscription? {
    guard
      let watched = parts[0].narrowed(watchedAttributes.isEmpty ? nil : Set(watchedAttributes))
    else { return nil }
    let told =
      isSplit ? Set(parts[0].attributes) : parts[0].narrowed(toldAttributes) ?? watched
    return copy(
      of: entities(in: parts), watching: watched.sorted(), telling: told.sorted(),
      isLocal: registration.isLocalOnly, to: uri)
  }

  /// The Attributes that notifications show; nil for all.
  private var toldAttributes: Set<IRI>? {
    let attributes = notification.projection.namedAttributes
    return attributes.isEmpty ? nil : attributes
  }

  private func entities(in parts: [RegistrationInfo]) -> [Subscriptions.EntitySelector] {
    let asked = entities.map(NGSILDQuery.EntitySelector.init)
    var narrowed: [NarrowedSelector] = []
    for selector in asked.isEmpty ? [NGSILDQuery.EntitySelector()] : asked {
      for part in parts { narrowed.merge(part.narrowed(selector)) }
    }
    let selectors = narrowed.map(\.selector)
    // One that selects all Entities is none.
    guard !selectors.contains(NGSILDQuery.EntitySelector()) else { return [] }
    return selectors.flatMap(\.ofSubscriptions)
  }
}

extension NGSILDQuery.EntitySelector {
  /// In Subscriptions, a selector has one id and always types.
  fileprivate var ofSubscriptions: [Subscriptions.EntitySelector] {
    let types = types ?? .any
    let given = Given(text: "\(types)", tree: types)
    guard !ids.isEmpty else {
      return [Subscriptions.EntitySelector(types: given, idPattern: idPattern)]
    }
    return ids.map { Subscriptions.EntitySelector(types: given, id: $0.text) }
  }
}

extension Projection {
  /// Those that are shown; empty for all.
  fileprivate var namedAttributes: Set<IRI> {
    guard let pick else { return Set(attributes) }
    return Set(
      pick.terms.compactMap { term in
        if case .attribute(let name) = term.member { name } else { nil }
      })
  }
}
