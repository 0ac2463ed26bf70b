/// The names of an object's members differ.
extension JSONParser {
  /// Few names are compared pairwise, many through a set; an escaped name always by its characters.
  func requireUniqueNames(ofObjectAt index: Int, in nodes: [Node]) throws(JSONError) {
    let count = nodes[index].count
    guard count > 1 else { return }
    guard count <= 16 else { return try requireUniqueCharacters(ofObjectAt: index, in: nodes) }
    var later = index + 1
    for place in 0..<count {
      guard nodes[later].kind == .string else {
        return try requireUniqueCharacters(ofObjectAt: index, in: nodes)
      }
      var earlier = index + 1
      for _ in 0..<place {
        guard !same(nodes[earlier], nodes[later]) else { throw duplicate(nodes[later]) }
        earlier = Int(nodes[earlier + 1].next)
      }
      later = Int(nodes[later + 1].next)
    }
  }

  private func requireUniqueCharacters(
    ofObjectAt index: Int, in nodes: [Node]
  ) throws(JSONError) {
    var seen: Set<[UInt8]> = []
    var name = index + 1
    for _ in 0..<nodes[index].count {
      guard seen.insert(characters(of: nodes[name])).inserted else { throw duplicate(nodes[name]) }
      name = Int(nodes[name + 1].next)
    }
  }

  private func same(_ one: Node, _ other: Node) -> Bool {
    let length = Int(one.end - one.start)
    guard length == Int(other.end - other.start) else { return false }
    let (a, b) = (Int(one.start), Int(other.start))
    for offset in 0..<length where source[a + offset] != source[b + offset] { return false }
    return true
  }

  private func characters(of name: Node) -> [UInt8] {
    let slice = UnsafeBufferPointer(rebasing: source[Int(name.start)..<Int(name.end)])
    return name.kind == .escapedString ? unescaped(slice) : Array(slice)
  }

  private func duplicate(_ name: Node) -> JSONError {
    let name = (text: String(decoding: characters(of: name), as: UTF8.self), start: Int(name.start))
    return JSONError(.duplicateName(name.text), at: name.start - 1)
  }
}
