import JSON
import JSONLD
import NGSILD

extension TextCursor {
  /// Reads `attribute.subAttribute.member` or `attribute.subAttribute[member.member]`.
  mutating func valuePath(_ expander: any NameExpander) throws(NGSILDError) -> ValuePath {
    var attributes: [IRI] = []
    repeat {
      let isBracketed = isAt("<")
      let name = try name("the name of an Attribute")
      if !isBracketed, let member = CoreMember(rawValue: name),
        attributes.isEmpty || CoreMember.ofAttributes.contains(member)
      {
        if isAt(".") || isAt("[") { throw expected("the end of the path after '\(name)'") }
        return ValuePath(attributes, member: member)
      }
      attributes.append(try expander.expandedName(name))
      try requireDepth(attributes.count)
    } while take(".")
    guard take("[") else { return ValuePath(attributes) }
    let members = try valueMembers()
    try expect("]")
    return ValuePath(attributes, valueMembers: members)
  }

  /// Reads `member.member`; members are keys of JSON objects, or language tags, and not expanded.
  ///
  /// Choice: any characters but operators and white space may stand bare, as in `[zh-Hans]`, and
  /// all may within double quotes.
  private mutating func valueMembers() throws(NGSILDError) -> [String] {
    var members: [String] = []
    repeat {
      members.append(isAt("\"") ? try quotedString() : try bareValueMember())
      try requireDepth(members.count)
    } while take(".")
    return members
  }

  private mutating func bareValueMember() throws(NGSILDError) -> String {
    let member = take { !isValueMemberByte($0) }
    guard !member.isEmpty else { throw expected("the name of a member of the value") }
    return member
  }
}

func isValueMemberByte(_ byte: UInt8) -> Bool {
  byte > 0x20 && byte != 0x7F && !".[]{}()<>;|,=!~\"\\".utf8.contains(byte)
}
