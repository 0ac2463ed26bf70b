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
    /// Members without a value: changes of a stored Attribute, the value of a new one.
    case members
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
    var parser = parser
    return try parser.instance(value, named: name)
  }

  /// As the value of a stored Attribute.
  ///
  /// - Parameter language: The one that a bare string is in.
  func read(
    as type: AttributeType, in language: String?
  ) throws(NGSILDError) -> AttributeFragment {
    var content = value
    if value.isObject, value.count == 1, let wrapped = value.member(type.valueMember),
      type.isWrappedWhenSimplified
    {
      content = wrapped
    } else if type == .languageProperty, let language, value.isString || value.isArray {
      content = value.asLanguageMap(in: language)
    } else if type == .jsonProperty {
      throw .badRequestData("The JsonProperty '\(name)' is given without 'json'")
    }
    return try parser.complete(content, as: type, named: name)
  }

  private var parser: FragmentParser {
    var parser = FragmentParser(context: context, rules: .merge)
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
  fileprivate func member(_ member: CoreMember) -> JSONValue? { self[member.term] }

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
  mutating func simplified(
    _ value: JSONValue, named name: AttributeName
  ) throws(NGSILDError) -> [AttributeFragment] {
    guard value.isObject, value.count == 1, let datasets = value["dataset"], datasets.isObject
    else { return [try simplifiedInstance(value, named: name)] }
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
