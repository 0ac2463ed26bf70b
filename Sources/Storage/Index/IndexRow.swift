import JSON
import JSONLD
import NGSILD

/// A value of an Attribute that `q` compares with operands.
enum IndexedValue: Hashable, Sendable {
  case number(Double)
  /// Cut after `textBytesMax` bytes.
  case text(String)
  /// What a Relationship refers to: it has equality, but no order.
  case reference(String)

  /// Choice: longer strings are rarely told apart by what comes later, and an index has bounds.
  static let textBytesMax = 256
  /// Longer operands may be equal to what is cut, and less than what is not.
  static let comparedBytesMax = textBytesMax - 4

  /// Texts by their bytes, as the database has them.
  static func == (one: IndexedValue, other: IndexedValue) -> Bool {
    switch (one, other) {
    case (.number(let one), .number(let other)): one == other
    case (.text(let one), .text(let other)), (.reference(let one), .reference(let other)):
      one.isExactly(other)
    default: false
    }
  }

  fileprivate init?(_ value: JSONValue) {
    if let number = value.double {
      self = .number(number)
    } else if let text = value.string {
      self = .text(cut(text))
    } else {
      return nil
    }
  }

  fileprivate init?(referenceTo value: JSONValue) {
    guard let text = value.string else { return nil }
    self = .reference(cut(text))
  }
}

/// The longest beginning of whole characters that has at most `textBytesMax` bytes.
private func cut(_ text: String) -> String {
  let bytes = text.utf8
  guard bytes.count > IndexedValue.textBytesMax else { return text }
  var end = bytes.index(bytes.startIndex, offsetBy: IndexedValue.textBytesMax)
  while bytes[end] & 0xC0 == 0x80 { end = bytes.index(before: end) }
  return String(decoding: bytes[..<end], as: UTF8.self)
}

/// A row of `attribute_index`, but for the Entity that it belongs to.
struct IndexRow: Hashable, Sendable {
  let attribute: NameNumber
  let item: Int32
  let typeset: TypesetNumber
  let value: IndexedValue
  let expires: DateTime?

  /// The rows that an Entity has for an Attribute, in order of `item`.
  static func rows(
    of entity: Entity, _ typeset: TypesetNumber, for indexed: IndexedAttribute
  ) -> [IndexRow] {
    guard indexed.covers(entity.types),
      let attribute = entity.attributes.first(where: { $0.name == indexed.name })
    else { return [] }
    let expiry = entity.expiresAt?.instant
    var rows: [IndexRow] = []
    for instance in attribute.instances {
      let expires = [expiry, instance.expiresAt].compactMap(\.self).min()
      for value in instance.indexedValues {
        rows.append(
          IndexRow(
            attribute: indexed.number, item: Int32(rows.count), typeset: typeset, value: value,
            expires: expires))
      }
    }
    return rows
  }
}

extension AttributeInstance {
  /// The elements that the value of a path without brackets has for the evaluator of `q`, as far
  /// as they are numbers or strings.
  fileprivate var indexedValues: [IndexedValue] {
    switch type {
    case .property, .listProperty:
      (value["@value"] ?? value).elementsOrSelf.compactMap { IndexedValue($0) }
    case .jsonProperty, .vocabProperty: value.elementsOrSelf.compactMap { IndexedValue($0) }
    case .languageProperty:
      value.members.flatMap(\.value.elementsOrSelf).compactMap { IndexedValue($0) }
    case .relationship: value.elementsOrSelf.compactMap { IndexedValue(referenceTo: $0) }
    case .listRelationship:
      value.elements.compactMap { $0["object"].flatMap { IndexedValue(referenceTo: $0) } }
    case .geoProperty: []
    }
  }
}

extension JSONValue {
  fileprivate var elementsOrSelf: [JSONValue] { isArray ? Array(elements) : [self] }
}
