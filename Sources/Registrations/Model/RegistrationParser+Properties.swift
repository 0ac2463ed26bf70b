import JSON
package import JSONLD
import NGSILD
import Subscriptions

/// Context Source Properties.
extension RegistrationParser {
  /// Members that the standard gives a meaning.
  static let members: Set = [
    "id", "@id", "type", "@type", "registrationName", "description", "endpoint", "information",
    "mode", "operations", "contextSourceInfo", "contextSourceAlias", "tenant", "datasetId", "scope",
    "location", "observationSpace", "operationSpace", "observationInterval", "managementInterval",
    "expiresAt", "refreshRate", "management",
  ]

  /// Members that only the broker sets, and the context, which has been resolved.
  static let ignoredMembers: Set = [
    "@context", "status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt",
    "modifiedAt", "deletedAt",
  ]

  /// What those mean, which no property can mean as well.
  private static let reserved = Set(members.union(ignoredMembers).map(Context.core.expand))

  /// The properties that a body gives, and the names of those that it removes.
  ///
  /// - Throws: `badRequestData` for what is no Attribute, normalized or concise.
  func properties(
    of body: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> (kept: [ContextSourceProperty], removed: Set<IRI>) {
    var given: [IRI: JSONValue] = [:]
    var removed: Set<IRI> = []
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in body.members {
      let name = name.string ?? ""
      guard !Self.members.contains(name), !Self.ignoredMembers.contains(name) else { continue }
      let iri = context.expand(name)
      guard !Self.reserved.contains(iri) else {
        throw .badRequestData(
          "'\(name)' means a member of registrations that has a name of its own")
      }
      guard !value.isRemoval else {
        removed.insert(iri)
        continue
      }
      given[iri] = value
      writer.name(name)
      writer.value(value)
    }
    writer.endObject()
    guard !given.isEmpty else { return ([], removed) }
    let attributes = try attributes(JSONValue(written: writer), at: now)
    let kept = attributes.map { attribute in
      ContextSourceProperty(
        attribute: attribute,
        isSimple: given[attribute.name].map { isSimple(attribute, given: $0) } ?? false)
    }
    return (kept, removed)
  }

  private func attributes(
    _ members: JSONValue, at now: DateTime
  ) throws(NGSILDError) -> [Attribute] {
    var fragment = try FragmentParser(context: context, rules: .complete).entity(members)
    fragment.types = [Registration.type]
    let result = try EntityOperation.create(fragment).apply(to: nil, id: "", at: now)
    return result.change.after?.attributes ?? []
  }

  /// Whether what was given is what the simplified representation shows.
  private func isSimple(_ attribute: Attribute, given: JSONValue) -> Bool {
    guard attribute.instances.count == 1, let instance = attribute.instances.first else {
      return false
    }
    return instance.shown(.simplified, context: context) == given
  }
}

extension Registration {
  /// The Entity type by which registrations are queried as Entities are.
  package static let type = IRI("https://uri.etsi.org/ngsi-ld/ContextSourceRegistration")
}

extension AttributeInstance {
  func shown(_ format: Representation.Format, context: Context) -> JSONValue {
    var writer = JSONWriter()
    write(to: &writer, in: createdAt)
    let stored = JSONValue(written: writer)
    let representation = Representation(format: format, context: context)
    writer = JSONWriter()
    if format == .simplified {
      representation.writeValue(ofInstance: stored, to: &writer)
    } else {
      writer.beginObject()
      representation.writeMembers(ofInstance: stored, to: &writer)
      writer.endObject()
    }
    return JSONValue(written: writer)
  }
}
