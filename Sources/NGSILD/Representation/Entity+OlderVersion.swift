package import JSON
import JSONLD

extension Representation {
  /// A stored Entity without what `olderVersion` does not know, and how it is shown then.
  func amended(
    _ entity: JSONValue, at now: DateTime
  ) -> (representation: Representation, entity: JSONValue) {
    guard let olderVersion else { return (self, entity) }
    let amendment = Amendment(version: olderVersion, representation: self, now: now)
    var writer = JSONWriter(reservingCapacity: entity.rawRange.count)
    amendment.amend(Entity(stored: entity)).write(to: &writer)
    var representation = self
    representation.olderVersion = nil
    representation.links?.olderVersion = olderVersion
    if !amendment.knowsDatasets { representation.datasets = nil }
    return (representation, JSONValue(written: writer))
  }

  /// A stored instance of the history without what `olderVersion` does not know.
  package func amended(instance: JSONValue) -> JSONValue {
    guard let olderVersion else { return instance }
    let amendment = Amendment(version: olderVersion, representation: self, now: .earliest)
    var writer = JSONWriter(reservingCapacity: instance.rawRange.count)
    amendment.amend(AttributeInstance(stored: instance, in: .earliest))
      .write(to: &writer, in: .earliest)
    return JSONValue(written: writer)
  }
}

extension SpecificationVersion {
  /// Whether several types and instances, `datasetId`, `observedAt` and `unitCode` are known.
  package var knowsDatasets: Bool { self >= SpecificationVersion(1, 3) }
  package var knowsScopes: Bool { self >= SpecificationVersion(1, 4) }
}

/// Takes out of Entities what an older version of the standard does not know.
///
/// Standard: fall-back table (GS CIM 009, 4.3.6.8).
private struct Amendment {
  let version: SpecificationVersion
  let representation: Representation
  let now: DateTime

  var knowsDatasets: Bool { version.knowsDatasets }
  private var knowsLanguages: Bool { version >= SpecificationVersion(1, 4) }
  private var knowsVocabulariesAndLists: Bool { version >= SpecificationVersion(1, 8) }
  private var knowsExpiry: Bool { version >= SpecificationVersion(1, 9) }

  func amend(_ entity: Entity) -> Entity {
    var entity = entity
    if !knowsDatasets { entity.types = Array(entity.types.prefix(1)) }
    if !version.knowsScopes { entity.scopes = [] }
    if !knowsExpiry { entity.expiresAt = nil }
    entity.attributes = entity.attributes.compactMap { amend($0, of: representation.datasets) }
    return entity
  }

  /// nil if no instance is to be shown.
  private func amend(_ attribute: Attribute, of datasets: Set<IRI?>?) -> Attribute? {
    var instances = attribute.instances.filter { isShown($0, of: datasets) }
    if !knowsDatasets {
      instances = Array((instances.filter { $0.datasetId == nil } + instances).prefix(1))
    }
    guard !instances.isEmpty else { return nil }
    return Attribute(name: attribute.name, instances: instances.map(amend))
  }

  private func isShown(_ instance: AttributeInstance, of datasets: Set<IRI?>?) -> Bool {
    if let datasets, !datasets.contains(instance.datasetId) { return false }
    guard let expiry = instance[.expiresAt]?.string.flatMap({ DateTime($0) }) else { return true }
    return expiry > now
  }

  func amend(_ instance: AttributeInstance) -> AttributeInstance {
    var instance = instance
    instance.members.removeAll { !knows($0.name) }
    if !knowsDatasets { instance.datasetId = nil }
    amendType(of: &instance)
    instance.subAttributes = instance.subAttributes.compactMap { amend($0, of: nil) }
    return instance
  }

  private func knows(_ member: CoreMember) -> Bool {
    switch member {
    case .observedAt, .unitCode: knowsDatasets
    case .objectType: knowsVocabulariesAndLists
    case .valueType, .expiresAt: knowsExpiry
    default: true
    }
  }

  private func amendType(of instance: inout AttributeInstance) {
    switch instance.type {
    // One that is reduced to a language becomes a Property anyhow.
    case .languageProperty where !knowsLanguages && representation.language == nil:
      instance.type = .property
    case .jsonProperty where !knowsVocabulariesAndLists,
      .listProperty where !knowsVocabulariesAndLists:
      instance.type = .property
    case .vocabProperty where !knowsVocabulariesAndLists:
      instance.type = .property
      instance.value = compacted(instance.value)
    case .listRelationship where !knowsVocabulariesAndLists:
      instance.type = .relationship
      instance.value = JSONValue(
        strings: instance.value.elements.compactMap { $0["object"]?.string })
    default: break
    }
  }

  /// Values of a Property are shown as they are, so names in them are compacted here.
  private func compacted(_ vocab: JSONValue) -> JSONValue {
    let context = representation.context
    if let iri = vocab.string { return JSONValue(string: context.compact(IRI(iri))) }
    return JSONValue(strings: vocab.elements.map { context.compact(IRI($0.string ?? "")) })
  }
}
