extension SeededGenerator {
  /// A JSON text after one to three changes: of a byte, or of a scalar, name or container.
  ///
  /// - Parameter pieces: what takes the place of scalars and names.
  package mutating func mutateJSON(_ text: [UInt8], with pieces: [[UInt8]]) -> [UInt8] {
    var bytes = text
    for _ in 0..<number(1...3) where !bytes.isEmpty {
      let place = number(0...bytes.count - 1)
      switch number(0...9) {
      case 0: bytes[place] = UInt8(number(0...255))
      case 1: bytes[place] = UInt8(number(0x20...0x7E))
      case 2: bytes.remove(at: place)
      default: replaceToken(at: place, in: &bytes, with: pick(pieces))
      }
    }
    return bytes
  }

  /// Puts a piece in the place of the scalar or name that stands around `place`.
  private func replaceToken(at place: Int, in bytes: inout [UInt8], with piece: [UInt8]) {
    let signs = Array(",:{}[]".utf8)
    let start = (bytes[..<place].lastIndex(where: signs.contains) ?? -1) + 1
    let end = bytes[place...].firstIndex(where: signs.contains) ?? bytes.count
    guard start <= end else { return }
    bytes.replaceSubrange(start..<end, with: piece)
  }
}
