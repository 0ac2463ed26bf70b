package import JSON
import JSONLD
package import NGSILD
import Subscriptions

/// Changes of a Registration.
///
/// Standard: GS CIM 009, 5.9.3.4 and, for the merging, 5.5.8.
extension RegistrationParser {
  /// `registration` with the members of `fragment` in place of its own: objects are merged, all
  /// else is replaced whole; the NGSI-LD Null, or a JSON null, removes a member.
  ///
  /// Names that stay are IRIs, which expand to themselves.
  ///
  /// - Throws: `invalidRequest`, or `badRequestData`, also for what only the merged Registration
  ///   shows.
  package func update(
    _ registration: Registration, with fragment: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> Registration {
    guard fragment.isObject else {
      throw NGSILDError(
        .invalidRequest,
        "The body is no JSON object; a fragment of a ContextSourceRegistration is expected")
    }
    try requireSame(registration, fragment)
    let known = try knownMembers(of: fragment)
    let stored = try mergedDocument { $0.raw(registration.stored) }
    let merged = try MemberReader(mergedDocument { $0.writeMerged(stored, known) }, "")
    var updated = try read(merged, id: registration.id, createdAt: registration.createdAt)
    updated.properties = try merge(registration.properties, with: fragment, at: now)
    updated.modifiedAt = now
    try updated.validate()
    if known["expiresAt"] != nil { try updated.requireFuture(at: now) }
    return updated
  }

  /// What identifies a Registration is repeated or left out.
  private func requireSame(
    _ registration: Registration, _ fragment: JSONValue
  ) throws(NGSILDError) {
    let reader = try MemberReader(fragment, "")
    if fragment["type"] != nil || fragment["@type"] != nil { try requireType(reader) }
    guard fragment["id"] != nil || fragment["@id"] != nil else { return }
    guard try id(reader).map(IRI.init) == IRI(registration.id) else {
      throw .badRequestData(
        "'id' is not that of the Registration, '\(registration.id)'; it cannot be changed")
    }
  }

  /// The members of the fragment that are no Context Source Properties.
  private func knownMembers(of fragment: JSONValue) throws(NGSILDError) -> JSONValue {
    try mergedDocument { writer in
      writer.beginObject()
      for (name, value) in fragment.members {
        guard let name = name.string, Self.members.contains(name) else { continue }
        writer.name(name)
        writer.value(value)
      }
      writer.endObject()
    }
  }

  private func merge(
    _ properties: [ContextSourceProperty], with fragment: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> [ContextSourceProperty] {
    let (given, removed) = try self.properties(of: fragment, at: now)
    let replaced = removed.union(given.map(\.attribute.name))
    return properties.filter { !replaced.contains($0.attribute.name) } + given
  }
}
