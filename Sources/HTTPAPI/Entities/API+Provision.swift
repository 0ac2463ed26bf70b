import Broker
import DistributedOperations
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
    return try await carryOut(.create(fragment), on: id, call, body, context, in: tenant) { _ in
      .created(at: "/ngsi-ld/v1/entities/\(id)")
    }
  }

  func deleteEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    return try await carryOut(.delete, on: id, call, nil, context, in: tenant)
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
    let language = call.parameters["lang"]
    guard language.map(isLanguage) ?? true else {
      throw .badRequestData("lang is '\(language ?? "")'; a language tag is expected")
    }
    let merge = MergeOptions(language: language, observedAt: observedAt)
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
    let operation: EntityOperation =
      name == "scope"
      ? .deleteScope
      : .deleteAttribute(context.expand(name), all ? .all : .one(datasetId: dataset))
    return try await carryOut(operation, on: id, call, nil, context, in: tenant)
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
    let operation = try operation(fragment)
    guard fragment.id.map(IRI.init) ?? IRI(id) == IRI(id) || !operation.isOfWholeEntity else {
      throw .badRequestData("The body's id '\(fragment.id ?? "")' is not the path's '\(id)'")
    }
    return try await carryOut(operation, on: id, call, body, context, in: tenant) {
      own in
      guard let own, !own.notUpdated.isEmpty else { return .noContent }
      return UpdateResult(own).response
    }
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
    return try await carryOut(
      operation(context.expand(name), fragment), on: id, call, body, context, in: tenant)
  }

  private func requireContent(_ fragment: EntityFragment) throws(NGSILDError) {
    guard !fragment.isEmpty else {
      throw .badRequestData("The Entity Fragment is empty; at least one Attribute is expected")
    }
  }

  /// Carries out a write here and at Context Sources (5.6.1.4 and its like).
  private func carryOut(
    _ operation: EntityOperation, on id: String, _ call: Call, _ body: JSONValue?,
    _ context: Context, in tenant: TenantNumber,
    success: (WriteOutcome.Own?) -> HTTPResponse = { _ in .noContent }
  ) async throws(NGSILDError) -> HTTPResponse {
    let types = try call.parameters["type"].map { text throws(NGSILDError) in
      try TypeSelection(parsing: text, expander: context)
    }
    guard let origin = try await origin(of: call, context, in: tenant) else {
      // The `type` selector guards an operation: another type is as good as no Entity (4.17).
      if let types { _ = try await broker.retrieveEntity(id, types: types, in: tenant) }
      let result = try await broker.perform(operation, on: id, in: tenant, by: call.headers)
      return success(.operation(result))
    }
    let write = SourceWrite(
      operation, on: id, parameters: call.parameters.list, body: body, context: context)
    let outcome = try await broker.perform(
      write, types: types, in: tenant, from: origin, by: call.headers)
    switch outcome.verdict {
    case .success(let own): return success(own)
    case .failure(let error): throw error
    case .problem(let problem): return ProblemDetails(problem).response
    case .partial: return partialSuccess(outcome, of: write)
    }
  }

  private func partialSuccess(_ outcome: WriteOutcome, of write: SourceWrite) -> HTTPResponse {
    switch write.operation {
    case .create, .delete, .mergeEntity, .replaceEntity:
      return BatchOperationResult(outcome, of: write.id).response
    default: return UpdateResult(outcome, of: write.operation.attributes ?? []).response
    }
  }

  func datasetID(_ call: Call) throws(NGSILDError) -> IRI? {
    guard let text = call.parameters["datasetId"], text != "@none" else { return nil }
    try requireURI(text, as: "The datasetId")
    return IRI(text)
  }
}

extension EntityOperation {
  /// Whether the body is the Entity that the path names.
  ///
  /// Choice: a fragment of Attributes is not; what `id` it has does not matter, as clients in the
  /// field have it.
  fileprivate var isOfWholeEntity: Bool {
    switch self {
    case .appendAttributes, .updateAttributes: false
    default: true
    }
  }
}
