package import JSON

extension FragmentParser {
  /// An Entity with its history, or a fragment of one; to be read by the rules `temporal` or
  /// `temporalAnswer`.
  ///
  /// - Throws: `badRequestData` naming the member at fault.
  package func temporalEntity(_ body: JSONValue) throws(NGSILDError) -> TemporalFragment {
    let fragment = try entity(body)
    return TemporalFragment(
      id: fragment.id, types: fragment.types, expiresAt: fragment.expiresAt,
      scopes: scopeHistory, attributes: fragment.attributes, given: fragment.given)
  }

  /// The body of an operation on one instance: the instance, or a fragment of an Entity with that
  /// Attribute, which has that instance (5.6.14).
  package func instanceFragment(
    _ body: JSONValue, named text: String
  ) throws(NGSILDError) -> AttributeFragment {
    let members = Array(body.members.filter { !$0.name.isString("@context") })
    let isArray = members.count == 1 && members[0].value.isArray
    guard isArray, names.member(members[0].name) == names.member(rewritten { $0.string(text) })
    else { return try requireValue(attributeFragment(body, named: text), text) }
    guard let instances = try entity(body).attributes.first?.instances else {
      throw .badRequestData("'\(text)' is no Attribute, and has no instances to modify")
    }
    guard instances.count == 1 else {
      throw .badRequestData(
        "The body has \(instances.count) instances of '\(text)'; the one to modify is expected")
    }
    return try requireValue(instances[0], text)
  }

  private func requireValue(
    _ fragment: AttributeFragment, _ name: String
  ) throws(NGSILDError) -> AttributeFragment {
    guard !fragment.isDeletion else { throw misplacedNull(in: name) }
    return fragment
  }

  /// Scopes as they are now, or instances of a Property that has them as its value (4.18).
  func scopeRecords(_ value: JSONValue) throws(NGSILDError) -> [TemporalRecord.Scopes] {
    let elements = value.isArray ? Array(value.elements) : [value]
    guard elements.contains(where: \.isObject) else {
      return [TemporalRecord.Scopes(scopes: try scopes(value), observedAt: nil)]
    }
    var records: [TemporalRecord.Scopes] = []
    for element in elements { records.append(try scopeRecord(element)) }
    return records
  }

  private func scopeRecord(_ instance: JSONValue) throws(NGSILDError) -> TemporalRecord.Scopes {
    guard let value = instance["value"], instance["type"]?.isString("Property") ?? true else {
      throw .badRequestData(
        "The scope has the instance \(instance.rawText); a Property with scopes as its value is "
          + "expected")
    }
    let observedAt = try instance["observedAt"].map { value throws(NGSILDError) in
      try DateTimeText(value, of: .observedAt)
    }
    let isRemoval = value.isNGSILDNull || value.isArray && value.count == 0
    let isAnswer = rules.isOfAnswers
    return TemporalRecord.Scopes(
      scopes: isRemoval ? [] : try scopes(value), observedAt: observedAt,
      changedAt: isAnswer
        ? (instance["deletedAt"] ?? instance["modifiedAt"]).flatMap { DateTime($0) } : nil)
  }
}
