import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Storage

/// Context information provision on one Entity (GS CIM 009, 6.4 to 6.7).
extension API {
  func createEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let fragment = try FragmentParser(context: context, rules: .complete).entity(body)
    guard let id = fragment.id else {
      throw .badRequestData("The Entity has no id; 'id' with a URI is expected")
    }
    guard !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(id)' has no type; 'type' is expected")
    }
    let tenant = try await newTenant(of: call)
    _ = try await broker.perform(.create(fragment), on: id, in: tenant, by: call.headers)
    return .created(at: "/ngsi-ld/v1/entities/\(id)")
  }

  func deleteEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    try await requireType(of: id, call, context, in: tenant)
    _ = try await broker.perform(.delete, on: id, in: tenant, by: call.headers)
    return .noContent
  }

  func replaceEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    try await change(call, rules: .complete) { fragment throws(NGSILDError) in
      guard !fragment.types.isEmpty else {
        throw .badRequestData("The Entity has no type; 'type' is expected")
      }
      return .replaceEntity(fragment)
    }
  }

  func mergeEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let simplified: Set = ["simplified", "keyValues"]
    let format = call.parameters["format"]
    guard format.map({ simplified.contains($0) || $0 == "normalized" || $0 == "concise" }) ?? true
    else {
      throw NGSILDError(
        .invalidRequest, "The format '\(format ?? "")' is unknown; simplified is expected")
    }
    let options = try call.parameters.options(among: simplified)
    let isSimplified = format.map(simplified.contains) ?? !options.isEmpty
    let observedAt = try call.parameters["observedAt"].map { text throws(NGSILDError) in
      try DateTimeText(parsing: text, of: "observedAt")
    }
    let merge = MergeOptions(language: call.parameters["lang"], observedAt: observedAt)
    return try await change(call, rules: isSimplified ? .simplifiedMerge : .merge) { fragment in
      .mergeEntity(fragment, merge)
    }
  }

  func appendAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let overwrite = try !call.parameters.options(among: ["noOverwrite"]).contains("noOverwrite")
    return try await change(call, rules: .complete) { fragment throws(NGSILDError) in
      try requireContent(fragment)
      return .appendAttributes(fragment, overwrite: overwrite)
    }
  }

  func updateAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    try await change(call, rules: .update) { fragment throws(NGSILDError) in
      try requireContent(fragment)
      return .updateAttributes(fragment)
    }
  }

  func updateAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    try await changeAttribute(call, rules: .partial) { .updateAttribute($0, $1) }
  }

  func replaceAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    try await changeAttribute(call, rules: .complete) { .replaceAttribute($0, $1) }
  }

  func deleteAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    guard !call.identifiers[1].isEmpty else {
      throw .badRequestData("The path names no Attribute")
    }
    let name = try call.attributeName()
    let all = try call.parameters.boolean("deleteAll")
    let dataset = try datasetID(call)
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    try await requireType(of: id, call, context, in: tenant)
    let operation: EntityOperation =
      name == "scope"
      ? .deleteScope
      : .deleteAttribute(context.expand(name), all ? .all : .one(datasetId: dataset))
    _ = try await broker.perform(operation, on: id, in: tenant, by: call.headers)
    return .noContent
  }

  // MARK: Parts

  private func change(
    _ call: Call, rules: FragmentRules,
    _ operation: (EntityFragment) throws(NGSILDError) -> EntityOperation
  ) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let (body, context) = try await body(of: call)
    let fragment = try FragmentParser(context: context, rules: rules).entity(body)
    guard fragment.id == nil || fragment.id == id else {
      throw .badRequestData("The body's id '\(fragment.id ?? "")' is not the path's '\(id)'")
    }
    let change = try operation(fragment)
    try await requireType(of: id, call, context, in: tenant)
    let result = try await broker.perform(change, on: id, in: tenant, by: call.headers)
    guard !result.notUpdated.isEmpty else { return .noContent }
    return updateResult(of: result)
  }

  private func changeAttribute(
    _ call: Call, rules: FragmentRules,
    _ operation: (IRI, AttributeFragment) -> EntityOperation
  ) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    guard name != "scope" else {
      throw .badRequestData("'scope' is no Attribute; it is changed with the Entity's Attributes")
    }
    let tenant = try await tenant(of: call)
    let (body, context) = try await body(of: call)
    let parser = FragmentParser(context: context, rules: rules)
    let fragment = try parser.attributeFragment(body, named: name)
    try await requireType(of: id, call, context, in: tenant)
    _ = try await broker.perform(
      operation(context.expand(name), fragment), on: id, in: tenant, by: call.headers)
    return .noContent
  }

  private func requireContent(_ fragment: EntityFragment) throws(NGSILDError) {
    guard !fragment.isEmpty else {
      throw .badRequestData("The Entity Fragment is empty; at least one Attribute is expected")
    }
  }

  /// The `type` selector guards an operation: another type is as good as no Entity (4.17).
  private func requireType(
    of id: String, _ call: Call, _ context: Context, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    guard let text = call.parameters["type"] else { return }
    let types = try TypeSelection(parsing: text, expander: context)
    _ = try await broker.retrieveEntity(id, types: types, in: tenant)
  }

  func datasetID(_ call: Call) throws(NGSILDError) -> String? {
    guard let text = call.parameters["datasetId"], text != "@none" else { return nil }
    try requireURI(text, as: "The datasetId")
    return text
  }

  /// The body of a 207: what was written and what was left alone (5.2.18).
  private func updateResult(of result: OperationResult) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("updated")
    writer.beginArray()
    var names: [IRI] = []
    for change in result.change.attributes where !names.contains(change.name) {
      names.append(change.name)
      writer.string(change.name.text)
    }
    writer.endArray()
    writer.name("notUpdated")
    writer.beginArray()
    for item in result.notUpdated {
      writer.beginObject()
      writer.name("attributeName")
      writer.string(item.name)
      writer.name("reason")
      writer.string(item.reason)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return .plainJSON(writer.bytes, status: 207)
  }
}
