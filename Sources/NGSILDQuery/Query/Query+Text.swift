import JSON
package import JSONLD

extension Query: CustomStringConvertible {
  /// The canonical text, which parses to the same tree; IRIs stand in angle brackets.
  package var description: String { text { $0.bracketed } }

  /// The text with each Attribute and type named by `name`, such as its short name in the @context
  /// of the Context Source to which it goes.
  package func text(naming name: (IRI) -> String) -> String {
    switch self {
    case .and(let parts): parts.map { $0.part(naming: name) }.joined(separator: ";")
    case .or(let parts): parts.map { $0.text(naming: name) }.joined(separator: "|")
    case .term(let term): term.text(naming: name)
    }
  }

  private func part(naming name: (IRI) -> String) -> String {
    if case .or = self { "(\(text(naming: name)))" } else { text(naming: name) }
  }
}

extension Query.Term {
  fileprivate func text(naming name: (IRI) -> String) -> String {
    let path = path.text(naming: name)
    return switch condition {
    case .exists: path
    case .absent: "!\(path)"
    case .equal(let operand): "\(path)==\(operand)"
    case .unequal(let operand): "\(path)!=\(operand)"
    case .ordered(let order, let value): "\(path)\(order.rawValue)\(value)"
    case .matches(let pattern): "\(path)~=\(quoted(pattern))"
    case .matchesNot(let pattern): "\(path)!~=\(quoted(pattern))"
    }
  }
}

extension Query.Path {
  func text(naming name: (IRI) -> String) -> String {
    switch self {
    case .value(let path): return path.text(naming: name)
    case .linked(let relationship, let types, let path):
      let hint = types.isEmpty ? "" : types.map(name).joined(separator: ",") + ":"
      return "\(name(relationship)){\(hint)\(path.text(naming: name))}"
    }
  }
}

extension ValuePath: CustomStringConvertible {
  package var description: String { text { $0.bracketed } }

  package func text(naming name: (IRI) -> String) -> String {
    let names = attributes.map(name) + (member.map { [$0.rawValue] } ?? [])
    let path = names.joined(separator: ".")
    guard !valueMembers.isEmpty else { return path }
    return "\(path)[\(valueMembers.map(bareOrQuoted).joined(separator: "."))]"
  }
}

extension Query.Operand: CustomStringConvertible {
  package var description: String {
    switch self {
    case .anyOf(let values): values.map(\.description).joined(separator: ",")
    case .range(let low, let high): "\(low)..\(high)"
    }
  }
}

extension Query.Value: CustomStringConvertible {
  package var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .boolean(let boolean): "\(boolean)"
    case .string(let string): quoted(string)
    case .dateTime(let dateTime): "\(dateTime)"
    case .date(let date): "\(date)"
    case .time(let time): "\(time)"
    case .uri(let iri): bareOrBracketed(iri)
    }
  }
}

private func bareOrBracketed(_ iri: IRI) -> String {
  isAbsoluteIRI(iri.text) && !iri.text.utf8.contains(where: isBareValueEnd)
    ? iri.text : "<\(iri)>"
}

private func bareOrQuoted(_ member: String) -> String {
  !member.isEmpty && member.utf8.allSatisfy(isValueMemberByte) ? member : quoted(member)
}

private func quoted(_ string: String) -> String {
  "\"\(String(decoding: jsonContents(of: string), as: UTF8.self))\""
}

/// Within the quotes of a pattern a backslash escapes only a quote; all others belong to it.
private func quoted(_ pattern: Pattern) -> String {
  var text = "\""
  var isEscaped = false
  for character in pattern.text.unicodeScalars {
    if character == "\"" && !isEscaped { text.append("\\") }
    text.unicodeScalars.append(character)
    isEscaped = character == "\\" && !isEscaped
  }
  return text + "\""
}
