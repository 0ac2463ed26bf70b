import JSON
import JSONLD
import NGSILD

/// A target element of a query term, as far as operators look at it.
///
/// Standard: GS CIM 009, 4.9: "target element" and "target value".
struct QueryTarget {
  enum Operators {
    case all
    /// Only `==` and `!=`: what is compared are references.
    case equality
    /// None: the value has neither equality nor order.
    case existence
  }

  /// The value, or, if it is an array, its elements.
  let elements: [JSONValue]
  let operators: Operators

  init(_ elements: [JSONValue], _ operators: Operators = .all) {
    self.elements = elements
    self.operators = operators
  }
}

extension ValuePath {
  /// Whether `test` holds for any element of `entity` to which the path leads.
  ///
  /// Each instance of an Attribute is an element of its own.
  func hasTarget(
    in entity: JSONValue, at now: DateTime, where test: (QueryTarget) -> Bool
  ) -> Bool {
    hasTarget(in: entity, attributes[...], StoredTimes(ofEntity: entity), at: now, where: test)
  }

  private func hasTarget(
    in parent: JSONValue, _ names: ArraySlice<IRI>, _ times: StoredTimes, at now: DateTime,
    where test: (QueryTarget) -> Bool
  ) -> Bool {
    if let name = names.first {
      return parent.instances(of: name, at: now).contains {
        hasTarget(in: $0, names.dropFirst(), times.ofInstance($0), at: now, where: test)
      }
    }
    switch member {
    case nil: return hasTarget(inValueOf: parent, where: test)
    case .createdAt?: return times.created.map { test(QueryTarget([$0])) } ?? false
    case .modifiedAt?: return times.modified.map { test(QueryTarget([$0])) } ?? false
    case let member?:
      return parent.member(member).map { test(QueryTarget($0.elementsOrSelf)) } ?? false
    }
  }

  private func hasTarget(
    inValueOf instance: JSONValue, where test: (QueryTarget) -> Bool
  ) -> Bool {
    if let value = instance["value"] {
      if instance["type"]?.isString("GeoProperty") == true {
        return hasTarget(in: value, valueMembers[...], .existence, where: test)
      }
      return hasTarget(in: value["@value"] ?? value, valueMembers[...], where: test)
    }
    if let object = instance["object"] {
      return hasTarget(in: object, valueMembers[...], .equality, where: test)
    }
    if let map = instance["languageMap"] { return hasTarget(inLanguageMap: map, where: test) }
    if let list = instance["objectList"] {
      guard valueMembers.isEmpty else { return false }
      return test(QueryTarget(list.elements.compactMap { $0["object"] }, .equality))
    }
    guard let value = instance["vocab"] ?? instance["valueList"] ?? instance["json"] else {
      return false
    }
    return hasTarget(in: value, valueMembers[...], where: test)
  }

  /// Follows `members`; of an array of objects, within each.
  private func hasTarget(
    in value: JSONValue, _ members: ArraySlice<String>,
    _ operators: QueryTarget.Operators = .all, where test: (QueryTarget) -> Bool
  ) -> Bool {
    guard let name = members.first else {
      return test(QueryTarget(value.elementsOrSelf, operators))
    }
    return value.elementsOrSelf.contains { element in
      guard let inner = element.member(name) else { return false }
      return hasTarget(in: inner, members.dropFirst(), operators, where: test)
    }
  }

  /// `[tag]` leads to the strings of one language; `[*]` and no brackets to those of all languages
  /// together, so that `!=` asks that none is equal.
  ///
  /// Choice: a tag is compared as it stands, upper and lower case told apart.
  private func hasTarget(
    inLanguageMap map: JSONValue, where test: (QueryTarget) -> Bool
  ) -> Bool {
    guard valueMembers.count <= 1 else { return false }
    if let tag = valueMembers.first, tag != "*" {
      return map.member(tag).map { test(QueryTarget($0.elementsOrSelf)) } ?? false
    }
    let strings = map.members.flatMap(\.value.elementsOrSelf)
    return test(QueryTarget(strings))
  }
}
