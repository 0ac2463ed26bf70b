import JSON
import JSONLD

/// How a fragment changes the Attribute instance that it names: the three semantics of NGSI-LD.
///
/// | | `replace` | `partial` | `merge` |
/// |---|---|---|---|
/// | member, sub-Attribute not given | removed | kept | kept |
/// | object value, languageMap | replaced | replaced | merged |
/// | sub-Attribute in both | replaced | replaced | merged |
/// | no such instance | added | 404, the caller's | added |
/// | other type | becomes it | 400 | 400 |
///
/// Standard: GS CIM 009, 5.5.8 and 5.5.12.
enum AttributePatch {
  /// Create, Append, Update Attributes, Replace (5.6.1 to 5.6.3, 5.6.18, 5.6.19).
  case replace
  /// Partial Attribute Update (5.6.4).
  case partial
  /// Merge Entity (5.6.17).
  case merge(MergeOptions)

  /// The instance that comes out; nil if it is deleted, or a Null finds nothing to delete.
  ///
  /// - Parameter stored: nil if there is none.
  func apply(
    _ fragment: AttributeFragment, to stored: AttributeInstance?, named name: IRI, at now: DateTime
  ) throws(NGSILDError) -> AttributeInstance? {
    guard let unread = fragment.unread else {
      return try applyRead(fragment, to: stored, named: name, at: now)
    }
    let read = try read(unread, of: fragment, beside: stored)
    return try applyRead(read, to: stored, named: name, at: now)
  }

  private func applyRead(
    _ fragment: AttributeFragment, to stored: AttributeInstance?, named name: IRI, at now: DateTime
  ) throws(NGSILDError) -> AttributeInstance? {
    guard !fragment.isDeletion else { return nil }
    guard let stored else { return try new(fragment, named: name, at: now) }
    switch self {
    case .replace:
      var instance = try new(fragment, named: name, at: now)
      instance?.createdAt = stored.createdAt
      return instance
    case .partial, .merge:
      let fitted = try fitted(fragment, to: stored.type, named: name)
      return try changed(stored, by: fitted, named: name, at: now)
    }
  }

  // MARK: New instances

  private func new(
    _ fragment: AttributeFragment, named name: IRI, at now: DateTime
  ) throws(NGSILDError) -> AttributeInstance? {
    guard let type = fragment.type, case .value(var value) = fragment.value else {
      throw .badRequestData("The Attribute '\(name)' has no value; a complete one is expected")
    }
    if case .merge = self, type == .property || type == .languageProperty {
      value = value.mergePatched(onto: nil)
      guard type == .property || value.count > 0 else { return nil }
    }
    var instance = AttributeInstance(
      type: type, value: value, datasetId: fragment.datasetId,
      members: fragment.members.filter { !$0.value.isNGSILDNull }, subAttributes: [],
      createdAt: now, modifiedAt: now)
    for attribute in fragment.subAttributes { try patch(attribute, of: &instance, at: now) }
    return instance
  }

  // MARK: Changed instances

  private func changed(
    _ stored: AttributeInstance, by fragment: AttributeFragment, named name: IRI, at now: DateTime
  ) throws(NGSILDError) -> AttributeInstance? {
    var instance = stored
    if case .value(let value) = fragment.value {
      instance.value = patched(stored, with: value)
      if stored.type == .languageProperty && instance.value.count == 0 { return nil }
    }
    for member in fragment.members {
      try stored.type.require(member, of: name)
      instance.set(member)
    }
    if case .merge(let options) = self, let observedAt = options.observedAt,
      stored[.observedAt] != nil, !fragment.members.contains(where: { $0.name == .observedAt })
    {
      instance.set(.init(name: .observedAt, value: rewritten { $0.string(observedAt.text) }))
    }
    for attribute in fragment.subAttributes { try patch(attribute, of: &instance, at: now) }
    instance.modifiedAt = now
    return instance
  }

  /// Objects, and languages, are merged; a geometry, a list or a JsonProperty's json is replaced.
  private func patched(_ stored: AttributeInstance, with value: JSONValue) -> JSONValue {
    guard case .merge = self, stored.type == .property || stored.type == .languageProperty else {
      return value
    }
    return value.mergePatched(onto: stored.value)
  }

  /// Changes, adds or deletes instances of one sub-Attribute.
  private func patch(
    _ fragments: EntityFragment.NamedFragments, of instance: inout AttributeInstance,
    at now: DateTime
  ) throws(NGSILDError) {
    let patch = if case .merge = self { self } else { AttributePatch.replace }
    let place = instance.subAttributes.firstIndex { $0.name == fragments.name }
    var attribute =
      place.map { instance.subAttributes[$0] } ?? Attribute(name: fragments.name, instances: [])
    for fragment in fragments.instances {
      let stored = attribute[fragment.datasetId]
      if let new = try patch.apply(fragment, to: stored, named: fragments.name, at: now) {
        attribute.put(new)
      } else {
        attribute.remove(fragment.datasetId)
      }
    }
    if let place { instance.subAttributes.remove(at: place) }
    guard !attribute.instances.isEmpty else { return }
    instance.subAttributes.insert(attribute, at: place ?? instance.subAttributes.count)
  }

  // MARK: What the stored instance tells

  private func read(
    _ unread: UnreadAttribute, of fragment: AttributeFragment, beside stored: AttributeInstance?
  ) throws(NGSILDError) -> AttributeFragment {
    var read =
      if let stored { try unread.read(beside: stored.type, in: language) } else {
        try unread.read()
      }
    read.datasetId = fragment.datasetId
    return read
  }

  /// The fragment with a type that fits what is stored.
  private func fitted(
    _ fragment: AttributeFragment, to stored: AttributeType, named name: IRI
  ) throws(NGSILDError) -> AttributeFragment {
    guard let type = fragment.type, type != stored else { return fragment }
    var fragment = fragment
    fragment.type = stored
    if fragment.isTypeInferred, case .value(let value) = fragment.value {
      switch (type, stored) {
      case (.geoProperty, .property): return fragment
      case (.property, .languageProperty) where value.isText:
        guard let language else { break }
        fragment.value = .value(value.asLanguageMap(in: language))
        return fragment
      default: break
      }
    }
    throw .badRequestData(
      "The Attribute '\(name)' is a \(stored.term); its type cannot become \(type.term)")
  }

  private var language: String? {
    if case .merge(let options) = self { options.language } else { nil }
  }
}

extension AttributeInstance {
  /// Sets a member, or removes it if its value is the NGSI-LD Null.
  fileprivate mutating func set(_ member: Member) {
    let index = members.firstIndex { $0.name == member.name }
    if member.value.isNGSILDNull {
      if let index { members.remove(at: index) }
    } else if let index {
      members[index] = member
    } else {
      members.append(member)
    }
  }
}
