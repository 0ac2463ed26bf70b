import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Subscriptions

extension Registration {
  /// Writes all members that a client can set but the Context Source Properties.
  ///
  /// - Parameter information: what is shown in its place.
  func writeMembers(
    to writer: inout JSONWriter, names: NameWriting, information: [RegistrationInfo]
  ) {
    writer.member("id", id)
    writer.member("type", "ContextSourceRegistration")
    writer.member("registrationName", name)
    writer.member("description", description)
    writer.name("information")
    writer.beginArray()
    for info in information { info.write(to: &writer, names: names) }
    writer.endArray()
    writer.member("mode", givenMode?.rawValue)
    writer.member("operations", givenOperations?.names ?? [])
    writer.member("endpoint", endpoint)
    writer.member("contextSourceInfo", sourceInfo.pairs)
    writer.member("contextSourceAlias", alias)
    writer.member("tenant", tenant)
    writeCoverage(to: &writer)
    writer.member("expiresAt", expiresAt?.text)
    writer.member("refreshRate", refreshRate?.text)
    management.write(to: &writer)
  }

  private func writeCoverage(to writer: inout JSONWriter) {
    writer.member("datasetId", datasetIds ?? [])
    writer.oneOrMore("scope", scopes)
    for (name, geometry) in geometries {
      writer.name(name)
      writer.raw(geometry.text)
    }
    writer.member("observationInterval", observationInterval)
    writer.member("managementInterval", managementInterval)
  }

  /// The areas that the standard gives a name.
  var geometries: [(name: StaticString, geometry: Geometry)] {
    let all: [(StaticString, Geometry?)] = [
      ("location", location), ("observationSpace", observationSpace),
      ("operationSpace", operationSpace),
    ]
    return all.compactMap { name, geometry in geometry.map { (name, $0) } }
  }
}

extension RegistrationInfo {
  fileprivate func write(to writer: inout JSONWriter, names: NameWriting) {
    writer.beginObject()
    if !entities.isEmpty {
      writer.name("entities")
      writer.beginArray()
      for entity in entities { entity.write(to: &writer, names: names) }
      writer.endArray()
    }
    writer.member("propertyNames", propertyNames.map(names.name))
    writer.member("relationshipNames", relationshipNames.map(names.name))
    writer.endObject()
  }
}

extension EntityInfo {
  fileprivate func write(to writer: inout JSONWriter, names: NameWriting) {
    writer.beginObject()
    writer.member("id", id?.text)
    writer.member("idPattern", idPattern?.text)
    writer.oneOrMore("type", types.map(names.name))
    writer.endObject()
  }
}

extension RegistrationManagement {
  fileprivate func write(to writer: inout JSONWriter) {
    guard
      localOnly != nil || givenTimeout != nil || givenCooldown != nil || givenCacheDuration != nil
    else { return }
    writer.name("management")
    writer.beginObject()
    writer.member("localOnly", localOnly)
    writer.member("timeout", givenTimeout)
    writer.member("cooldown", givenCooldown)
    writer.member("cacheDuration", givenCacheDuration?.text)
    writer.endObject()
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: StaticString, _ interval: TimeInterval?) {
    guard let interval else { return }
    self.name(name)
    beginObject()
    member("startAt", interval.startAt.text)
    member("endAt", interval.endAt?.text)
    endObject()
  }

  /// A string where there is one, an array where there are several.
  fileprivate mutating func oneOrMore(_ name: StaticString, _ strings: [String]) {
    if strings.count == 1 { member(name, strings[0]) } else { member(name, strings) }
  }
}
