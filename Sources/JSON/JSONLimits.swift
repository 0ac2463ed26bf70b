/// Bounds of a text that `JSONText(parsing:)` accepts.
package struct JSONLimits: Sendable {
  package var depthMax: Int
  package var bytesMax: Int
  /// Whether a member that stands twice is looked for; texts that this program wrote have none.
  package var requiresUniqueNames: Bool

  /// Of what this program wrote.
  package static let ownText = JSONLimits(
    depthMax: 256, bytesMax: 1 << 30, requiresUniqueNames: false)

  package init(
    depthMax: Int = 64, bytesMax: Int = 64 << 20, requiresUniqueNames: Bool = true
  ) {
    self.depthMax = depthMax
    self.bytesMax = bytesMax
    self.requiresUniqueNames = requiresUniqueNames
  }
}
