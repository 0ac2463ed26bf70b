package import JSON
package import JSONLD
package import NGSILD
import NGSILDQuery
import Subscriptions

/// Reads the body of a create request, or the stored form.
///
/// Standard: GS CIM 009, 5.2.9 and 5.9.2.4.
package struct RegistrationParser {
  /// By which names are expanded; those of stored forms are IRIs.
  let context: Context

  package init(context: Context) { self.context = context }

  /// A new Registration from a request's body.
  ///
  /// Members that only the broker sets are passed over.
  ///
  /// - Parameter generatedID: for a body without `id`.
  /// - Throws: `invalidRequest`, or `badRequestData` with the value at fault.
  package func registration(
    _ body: JSONValue, generatedID: @autoclosure () -> String, at now: DateTime
  ) throws(NGSILDError) -> Registration {
    guard body.isObject else {
      throw NGSILDError(
        .invalidRequest, "The body is no JSON object; a ContextSourceRegistration is expected")
    }
    let reader = try MemberReader(body, "")
    try requireType(reader)
    var registration = try read(reader, id: try id(reader) ?? generatedID(), createdAt: now)
    registration.properties = try properties(of: body, at: now).kept
    try registration.validate()
    try registration.requireFuture(at: now)
    return registration
  }

  /// All but the Context Source Properties.
  func read(
    _ reader: MemberReader, id: String, createdAt: DateTime
  ) throws(NGSILDError) -> Registration {
    var registration = Registration(
      id: id, endpoint: try endpoint(reader), information: try information(reader),
      createdAt: createdAt, modifiedAt: createdAt)
    try readDescription(reader, into: &registration)
    try readDistribution(reader, into: &registration)
    try readCoverage(reader, into: &registration)
    return registration
  }

  // MARK: Members

  func requireType(_ reader: MemberReader) throws(NGSILDError) {
    guard let type = try reader.string("type", or: "@type") else {
      throw .badRequestData("'type' is missing; 'ContextSourceRegistration' is expected")
    }
    guard type == "ContextSourceRegistration" else {
      throw .badRequestData(
        "'type' is '\(type.prefix(100))'; 'ContextSourceRegistration' is expected")
    }
  }

  func id(_ reader: MemberReader) throws(NGSILDError) -> String? {
    guard let id = try reader.string("id", or: "@id") else { return nil }
    try requireURI(id, as: "The Registration id")
    return id
  }

  private func endpoint(_ reader: MemberReader) throws(NGSILDError) -> String {
    guard let endpoint = try reader.string("endpoint") else {
      throw .badRequestData("'endpoint' is missing; the URL of the Context Source is expected")
    }
    try requireHTTPURL(endpoint, as: "'endpoint'")
    return endpoint
  }

  private func readDescription(
    _ reader: MemberReader, into registration: inout Registration
  ) throws(NGSILDError) {
    registration.name = try reader.text("registrationName")
    registration.description = try reader.text("description")
    registration.expiresAt = try reader.dateTime("expiresAt")
    registration.refreshRate = try reader.duration("refreshRate")
    registration.management = try management(reader)
  }

  /// Which requests go to the source, and in what form.
  private func readDistribution(
    _ reader: MemberReader, into registration: inout Registration
  ) throws(NGSILDError) {
    registration.givenMode = try reader.word("mode")
    registration.givenOperations = try operations(reader)
    if let pairs = try reader.pairs("contextSourceInfo") {
      registration.sourceInfo = try ContextSourceInfo(pairs)
    }
    registration.alias = try alias(reader)
    if let tenant = try reader.text("tenant") {
      guard tenant.utf8.count <= 255, isHeaderValue(tenant) else {
        throw .badRequestData(
          "'tenant' is '\(tenant.prefix(300))'; 1 to 255 bytes without control characters are "
            + "expected")
      }
      registration.tenant = tenant
    }
  }

  private func operations(_ reader: MemberReader) throws(NGSILDError) -> GivenOperations? {
    guard let names = try reader.strings("operations") else { return nil }
    var operations: RegisteredOperations = []
    for name in names {
      guard let named = RegisteredOperations(name: name) else {
        throw .badRequestData(
          "'operations' names '\(name.prefix(100))', which is neither an operation nor a group, "
            + "such as queryEntity or retrieveOps")
      }
      operations.formUnion(named)
    }
    return GivenOperations(names: names, operations: operations)
  }

  /// A pseudonym, or a host with its port (RFC 9110, 7.6.3).
  private func alias(_ reader: MemberReader) throws(NGSILDError) -> String? {
    guard let alias = try reader.text("contextSourceAlias") else { return nil }
    guard isToken(alias.filter { !":[]".contains($0) }) else {
      throw .badRequestData(
        "'contextSourceAlias' is '\(alias.prefix(100))'; a name without white space is expected, "
          + "as /info/sourceIdentity of the source gives it")
    }
    return alias
  }

  /// Where, when and of what instances the source has data.
  private func readCoverage(
    _ reader: MemberReader, into registration: inout Registration
  ) throws(NGSILDError) {
    registration.datasetIds = try reader.strings("datasetId")
    for id in registration.datasetIds ?? [] where id != "@none" {
      try requireURI(id, as: "The datasetId")
    }
    registration.scopes = try reader.strings("scope") ?? []
    for scope in registration.scopes { try requireScope(scope) }
    registration.location = try reader.geometry("location")
    registration.observationSpace = try reader.geometry("observationSpace")
    registration.operationSpace = try reader.geometry("operationSpace")
    registration.observationInterval = try reader.interval("observationInterval")
    registration.managementInterval = try reader.interval("managementInterval")
  }

  private func management(_ reader: MemberReader) throws(NGSILDError) -> RegistrationManagement {
    guard let value = try reader.value("management") else { return RegistrationManagement() }
    let reader = try MemberReader(value, "management")
    return RegistrationManagement(
      localOnly: try reader.boolean("localOnly"),
      givenTimeout: try reader.positiveNumber("timeout"),
      givenCooldown: try reader.positiveNumber("cooldown"),
      givenCacheDuration: try reader.duration("cacheDuration"))
  }
}

extension MemberReader {
  /// A string that is not empty.
  fileprivate func text(_ name: StaticString) throws(NGSILDError) -> String? {
    guard let text = try string(name) else { return nil }
    guard !text.isEmpty else { throw .badRequestData("\(title(name)) is empty") }
    return text
  }

  fileprivate func duration(
    _ name: StaticString
  ) throws(NGSILDError) -> Given<CalendarDuration>? {
    guard let text = try string(name) else { return nil }
    return Given(text: text, tree: try CalendarDuration(parsing: text, of: title(name)))
  }

  /// A bare geometry; Choice: one wrapped in a GeoProperty is taken out of it.
  fileprivate func geometry(_ name: StaticString) throws(NGSILDError) -> Geometry? {
    guard let value = try value(name) else { return nil }
    guard value["type"]?.isString("GeoProperty") == true, let inner = value["value"] else {
      return try Geometry(value)
    }
    return try Geometry(inner)
  }

  /// Standard: TimeInterval (GS CIM 009, 5.2.11).
  fileprivate func interval(_ name: StaticString) throws(NGSILDError) -> TimeInterval? {
    guard let value = try value(name) else { return nil }
    let reader = try MemberReader(value, "\(name)")
    guard let start = try reader.dateTime("startAt") else {
      throw .badRequestData("\(reader.title("startAt")) is missing; a DateTime is expected")
    }
    let end = try reader.dateTime("endAt")
    if let end, end.instant <= start.instant {
      throw .badRequestData("\(reader.title("endAt")) \(end.text) is not after \(start.text)")
    }
    return TimeInterval(startAt: start, endAt: end)
  }
}
