import JSON
import JSONLD

/// What a merge says of an Attribute in a form that only the stored Attribute explains.
///
/// A class, so that the fragments that have none stay small.
///
/// Standard: GS CIM 009, 4.5.4 (simplified), 4.5.2.3 (concise), 5.5.12.
package final class UnreadAttribute: Sendable {
  enum Form: Sendable {
    /// A value in the simplified representation.
    case simplified
    /// An object without value member: sub-Attributes of a stored Attribute, the value of a new
    /// one.
    case object
  }

  let form: Form
  private let value: JSONValue
  private let name: AttributeName
  private let context: Context

  init(_ form: Form, _ value: JSONValue, _ name: AttributeName, _ context: Context) {
    self.form = form
    self.value = value
    self.name = name
    self.context = context
  }

  /// As the content of a new Attribute.
  func read() throws(NGSILDError) -> AttributeFragment {
    try nestedParser.instance(value, named: name)
  }

  /// As a change of a stored Attribute.
  ///
  /// - Parameter language: The one that a bare string is in.
  func read(
    beside type: AttributeType, in language: String?
  ) throws(NGSILDError) -> AttributeFragment {
    switch form {
    case .object:
      let parser = FragmentParser(context: context, rules: .merge)
      return try parser.members(of: value, as: nil, named: name)
    case .simplified:
      let content = try content(of: type, in: language)
      if content.isNGSILDNull(of: type) { return AttributeFragment(value: .deletion) }
      return try nestedParser.complete(content, as: type, named: name)
    }
  }

  /// What stands in the value member that the simplified representation leaves out, or keeps.
  private func content(
    of type: AttributeType, in language: String?
  ) throws(NGSILDError) -> JSONValue {
    if value.count == 1, type.isWrappedWhenSimplified, let content = value[type.valueMember.term] {
      return content
    }
    if type == .languageProperty, let language, value.isText {
      return value.asLanguageMap(in: language)
    }
    guard type != .jsonProperty else {
      throw .badRequestData("The JsonProperty '\(name)' is given without 'json'")
    }
    return value
  }

  private var nestedParser: FragmentParser {
    let parser = FragmentParser(context: context, rules: .merge)
    parser.isNested = true
    return parser
  }
}

extension AttributeType {
  /// Whether the simplified representation keeps the value member's name (4.5.4).
  fileprivate var isWrappedWhenSimplified: Bool {
    self == .languageProperty || self == .vocabProperty || self == .jsonProperty
  }
}

extension JSONValue {
  /// Whether it may stand for one language in a languageMap.
  var isText: Bool {
    isArray ? count > 0 && elements.allSatisfy(\.isString) : isString
  }

  /// `{"<language>": value}`.
  func asLanguageMap(in language: String) -> JSONValue {
    rewritten { writer in
      writer.beginObject()
      writer.name(language)
      writer.value(self)
      writer.endObject()
    }
  }
}

extension FragmentParser {
  /// An Attribute in the simplified representation: a value, or values by `datasetId`.
  func simplified(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> [AttributeFragment] {
    guard value.isObject, value.count == 1, let datasets = value["dataset"], datasets.isObject
    else { return [try simplifiedInstance(value, named: name)] }
    try requireCount(datasets.count, of: "instances", named: name)
    var instances: [AttributeFragment] = []
    for (key, value) in datasets.members {
      var instance = try simplifiedInstance(value, named: name)
      instance.datasetId = try datasetId(key.string ?? "")
      instances.append(instance)
    }
    return instances
  }

  private func simplifiedInstance(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> AttributeFragment {
    if value.isNGSILDNull { return AttributeFragment(value: .deletion) }
    guard !value.isNull else {
      throw .badRequestData("The Attribute '\(name)' has the value null, which NGSI-LD forbids")
    }
    return AttributeFragment(unread: UnreadAttribute(.simplified, value, name, context))
  }
}
