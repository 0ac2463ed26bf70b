import Glibc

/// Random numbers that a seed repeats (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
  package let seed: UInt64
  private var state: UInt64

  package init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  /// With a new seed, which is printed; `KONTEXT_TEST_SEED` repeats a failure.
  package init(printingSeedOf test: String) {
    let wanted = getenv("KONTEXT_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    self.init(seed: wanted ?? .random(in: 0...UInt64.max))
    print("\(test): seed \(seed)")
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  package mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  package mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[number(0...elements.count - 1)]
  }

  package mutating func list<Element>(
    _ counts: ClosedRange<Int>, _ make: (inout SeededGenerator) -> Element
  ) -> [Element] {
    (0..<number(counts)).map { _ in make(&self) }
  }

  /// `text` after one to four small changes: a piece is removed, repeated, replaced or put in.
  package mutating func mutate(_ text: String, with pieces: [String]) -> String {
    var characters = Array(text.unicodeScalars)
    for _ in 0..<number(1...4) {
      let start = number(0...characters.count)
      let end = min(characters.count, start + number(0...3))
      switch number(0...3) {
      case 0: characters.removeSubrange(start..<end)
      case 1: characters.insert(contentsOf: characters[start..<end], at: start)
      case 2: characters.replaceSubrange(start..<end, with: pick(pieces).unicodeScalars)
      default: characters.insert(contentsOf: Array(pick(pieces).unicodeScalars), at: start)
      }
    }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: characters)
    return String(result)
  }
}
