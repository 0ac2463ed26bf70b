import JSONLD
package import NGSILD
import NGSILDQuery

/// The registrations of a tenant, found by what an operation is about, so that those that it cannot
/// concern cost it nothing.
package struct RegistrationIndex: Sendable {
  /// Where a registration is looked for; it has one place for each way to reach a part of it.
  private enum Place: Hashable {
    /// An Entity that it names.
    case id(IRI)
    /// A type; nil for any type.
    case type(IRI?)
    /// Entities that it does not name one by one: how their ids begin, and their type, nil for any.
    case unnamed(prefix: Prefix, type: IRI?)
    /// The same, whatever type it is registered with.
    case unnamedOfAll(prefix: Prefix)
    /// An Attribute; nil for all Attributes.
    case attribute(IRI?)
  }

  /// How an id begins.
  private struct Prefix: ExactText {
    let text: String
  }

  private var places: [Place: [CompiledRegistration]] = [:]
  private var registrations: [RegistrationKey: CompiledRegistration] = [:]
  private var ids: [IRI: RegistrationKey] = [:]
  /// How many times which length occurs among the prefixes of `Place.unnamed`.
  private var prefixLengths: [Int: Int] = [:]

  package init() {}

  package var isEmpty: Bool { registrations.isEmpty }
  package var count: Int { registrations.count }

  package subscript(_ key: RegistrationKey) -> CompiledRegistration? { registrations[key] }

  package subscript(id id: String) -> CompiledRegistration? {
    ids[id].flatMap { registrations[$0] }
  }

  /// All, in the order of their keys, also expired ones.
  package var all: [CompiledRegistration] { registrations.values.sorted { $0.key < $1.key } }

  // MARK: Changes

  /// Adds a registration, or puts it in the place of the one with its key.
  package mutating func insert(_ registration: CompiledRegistration) {
    remove(registration.key)
    registrations[registration.key] = registration
    ids[registration.registration.id] = registration.key
    for place in Self.places(of: registration.registration) {
      places[place, default: []].append(registration)
      if case .unnamedOfAll(let prefix) = place {
        prefixLengths[prefix.text.utf8.count, default: 0] += 1
      }
    }
  }

  package mutating func remove(_ key: RegistrationKey) {
    guard let registration = registrations.removeValue(forKey: key) else { return }
    let id = registration.registration.id
    if ids[id] == key { ids[id] = nil }
    for place in Self.places(of: registration.registration) {
      places[place]?.removeAll { $0.key == key }
      if places[place]?.isEmpty == true { places[place] = nil }
      if case .unnamedOfAll(let prefix) = place { forget(prefix) }
    }
  }

  private mutating func forget(_ prefix: Prefix) {
    let length = prefix.text.utf8.count
    prefixLengths[length]? -= 1
    if prefixLengths[length] == 0 { prefixLengths[length] = nil }
  }

  private static func places(of registration: Registration) -> Set<Place> {
    var places: Set<Place> = []
    for info in registration.information {
      if info.attributes.isEmpty { places.insert(.attribute(nil)) }
      for name in info.attributes { places.insert(.attribute(name)) }
      let entities = info.entities.isEmpty ? [EntityInfo(types: [])] : info.entities
      for entity in entities { places.formUnion(self.places(of: entity)) }
    }
    return places
  }

  private static func places(of entity: EntityInfo) -> [Place] {
    let types = entity.types.isEmpty ? [nil] : entity.types.map(Optional.some)
    let ofTypes = types.map { Place.type($0) }
    if let id = entity.id { return ofTypes + [.id(id)] }
    let prefix = Prefix(text: entity.idPattern?.literalPrefix ?? "")
    return ofTypes + types.map { .unnamed(prefix: prefix, type: $0) }
      + [.unnamedOfAll(prefix: prefix)]
  }

  // MARK: Look-up

  /// The registrations that `specification` may concern and that have not expired, in the order of
  /// their keys. Whether one of them does, and with what, `information(matching:)` tells.
  package func candidates(
    for specification: EntitySpecification, at now: DateTime
  ) -> [CompiledRegistration] {
    guard !isEmpty else { return [] }
    let found: [CompiledRegistration]
    if specification.selectors.isEmpty {
      found = shortest(of: [ofAttributes(specification.attributes)])
    } else {
      found = specification.selectors.flatMap { selector in
        shortest(of: ways(to: selector, specification.attributes))
      }
    }
    return found.filter { !$0.registration.isExpired(at: now) }.sortedWithoutRepetition
  }

  /// The registrations that match, with the parts that do.
  package func matches(
    for specification: EntitySpecification, at now: DateTime
  ) -> [(registration: CompiledRegistration, information: [RegistrationInfo])] {
    candidates(for: specification, at: now).compactMap { candidate in
      let information = candidate.registration.information(matching: specification)
      return information.isEmpty ? nil : (candidate, information)
    }
  }

  /// Each way leads to all registrations that matter; nil is one to all there are.
  private func ways(
    to selector: NGSILDQuery.EntitySelector, _ attributes: [IRI]
  ) -> [[Place]?] {
    let types = selector.types.flatMap(\.firstTypes).map { $0 + [nil] }
    var ways = [ofAttributes(attributes), types?.map { .type($0) }]
    if !selector.ids.isEmpty {
      ways.append(
        selector.ids.map { .id($0) }
          + selector.ids.flatMap { id in prefixes(of: id) }.flatMap { prefix in
            types?.map { .unnamed(prefix: prefix, type: $0) } ?? [.unnamedOfAll(prefix: prefix)]
          })
    }
    return ways
  }

  private func ofAttributes(_ attributes: [IRI]) -> [Place]? {
    attributes.isEmpty ? nil : attributes.map { .attribute($0) } + [.attribute(nil)]
  }

  private func prefixes(of id: IRI) -> [Prefix] {
    let bytes = id.text.utf8
    return prefixLengths.keys.compactMap { length in
      length <= bytes.count ? String(bytes.prefix(length)).map(Prefix.init) : nil
    }
  }

  private func shortest(of ways: [[Place]?]) -> [CompiledRegistration] {
    func length(_ way: [Place]) -> Int { way.reduce(0) { $0 + (places[$1]?.count ?? 0) } }
    let way = ways.compactMap { $0 }.map { (places: $0, length: length($0)) }
      .min { $0.length < $1.length }
    return way?.places.flatMap { places[$0] ?? [] } ?? Array(registrations.values)
  }
}

extension [CompiledRegistration] {
  fileprivate var sortedWithoutRepetition: [CompiledRegistration] {
    guard count > 1 else { return self }
    var last: RegistrationKey?
    return sorted { $0.key < $1.key }.filter { registration in
      defer { last = registration.key }
      return registration.key != last
    }
  }
}

extension TypeSelection {
  /// The first type of each alternative, by which what has them all is found; nil for any type.
  fileprivate var firstTypes: [IRI?]? {
    switch self {
    case .any: nil
    case .anyOf(let alternatives): alternatives.map(\.first)
    }
  }
}
