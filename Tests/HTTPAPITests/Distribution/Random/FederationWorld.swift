/// Who holds what, and who is registered for it: one case of the random test of federation.
///
/// Holder 0 is the broker that is asked; the others are Context Sources.
struct FederationWorld: Sendable {
  /// What one holder has of one Entity, as it is created there.
  struct Version: Sendable {
    var holder: Int
    var entity: PlainJSON
  }

  struct Registration: Sendable {
    var source: Int
    /// Without `endpoint` and `tenant`.
    var body: PlainJSON
  }

  /// In the order in which they are written, so that later ones have a later `modifiedAt`.
  var versions: [Version]
  var registrations: [Registration]
  /// Targets of GET.
  var questions: [String]

  static let sources = 1...3
  static let entitiesMax = 6
}

extension FederationWorld: CustomStringConvertible {
  var description: String {
    let versions = versions.map { version in
      "  \(version.holder == 0 ? "hub     " : "source \(version.holder)") \(version.entity)"
    }
    let registrations = registrations.map { "  source \($0.source) \($0.body)" }
    return
      (["Entities:"] + versions + ["Registrations:"] + registrations + ["GET \(questions)"])
      .joined(separator: "\n")
  }
}

// MARK: Smaller worlds

extension FederationWorld {
  /// Worlds that are a little smaller, the smallest first.
  var simplifications: [FederationWorld] {
    fewer(\.versions) + fewer(\.registrations) + fewer(\.questions)
      + simpler(\.versions, \.entity) + simpler(\.registrations, \.body)
  }

  private func fewer<Part>(_ parts: WritableKeyPath<FederationWorld, [Part]>) -> [FederationWorld] {
    self[keyPath: parts].indices.map { index in
      var copy = self
      copy[keyPath: parts].remove(at: index)
      return copy
    }
  }

  private func simpler<Part>(
    _ parts: WritableKeyPath<FederationWorld, [Part]>, _ value: WritableKeyPath<Part, PlainJSON>
  ) -> [FederationWorld] {
    self[keyPath: parts].indices.flatMap { index in
      self[keyPath: parts][index][keyPath: value].simplifications.map { simpler in
        var copy = self
        copy[keyPath: parts][index][keyPath: value] = simpler
        return copy
      }
    }
  }
}
