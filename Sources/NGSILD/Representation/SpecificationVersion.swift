/// A version of the standard, such as 1.9.
package struct SpecificationVersion: Sendable, Hashable, Comparable {
  package let major: Int
  package let minor: Int

  package init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The one that this broker speaks.
  package static let own = SpecificationVersion(1, 9)

  /// Reads `1.9`; nil for anything else.
  package init?(parsing text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = number(parts[0]), let minor = number(parts[1]) else {
      return nil
    }
    self.init(major, minor)
  }

  package static func < (one: SpecificationVersion, other: SpecificationVersion) -> Bool {
    (one.major, one.minor) < (other.major, other.minor)
  }
}

extension SpecificationVersion: CustomStringConvertible {
  package var description: String { "\(major).\(minor)" }
}

private func number(_ text: Substring) -> Int? {
  guard 1...3 ~= text.utf8.count, text.utf8.allSatisfy({ 48...57 ~= $0 }) else { return nil }
  return Int(text)
}
