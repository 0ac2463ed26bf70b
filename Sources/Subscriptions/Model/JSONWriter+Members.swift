package import JSON

/// Members that are left out where there is nothing to say.
extension JSONWriter {
  package mutating func member(_ name: StaticString, _ string: String?) {
    guard let string else { return }
    self.name(name)
    self.string(string)
  }

  package mutating func member(_ name: StaticString, _ boolean: Bool?) {
    guard let boolean else { return }
    self.name(name)
    self.boolean(boolean)
  }

  package mutating func member(_ name: StaticString, _ number: PositiveNumber?) {
    guard let number else { return }
    self.name(name)
    raw(number.text)
  }

  package mutating func member(_ name: StaticString, _ strings: [String]) {
    guard !strings.isEmpty else { return }
    self.name(name)
    beginArray()
    for string in strings { self.string(string) }
    endArray()
  }

  package mutating func member(_ name: StaticString, _ pairs: [KeyValuePair]) {
    guard !pairs.isEmpty else { return }
    self.name(name)
    beginArray()
    for pair in pairs {
      beginObject()
      member("key", pair.key)
      member("value", pair.value)
      endObject()
    }
    endArray()
  }
}
