import Broker
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage

/// Batch operations (GS CIM 009, 5.6.7 to 5.6.10, 6.14 to 6.17).
extension API {
  func upsertBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let options = try call.parameters.options(among: ["replace", "update"])
    let mode: EntityOperation.UpsertMode = options.contains("update") ? .update : .replace
    let items = try await items(of: call) { fragment in .upsert(fragment, mode: mode) }
    let tenant = try await newTenant(of: call)
    return await carryOut(items, in: tenant, by: call.headers).createdResponse
  }

  func createBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let items = try await items(of: call) { fragment in .create(fragment) }
    let tenant = try await newTenant(of: call)
    return await carryOut(items, in: tenant, by: call.headers).createdResponse
  }

  func updateBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let overwrite = try !call.parameters.options(among: ["noOverwrite"]).contains("noOverwrite")
    let items = try await items(of: call) { .appendAttributes($0, overwrite: overwrite) }
    let tenant = try await tenant(of: call)
    return await carryOut(items, in: tenant, by: call.headers).changedResponse
  }

  func mergeBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let items = try await items(of: call, rules: .merge) { .mergeEntity($0, MergeOptions()) }
    let tenant = try await tenant(of: call)
    return await carryOut(items, in: tenant, by: call.headers).changedResponse
  }

  /// The body is an array of ids, so no context plays a part.
  func deleteBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let body = try batch(of: call)
    var items: [BatchResults.Item] = []
    for element in body.elements {
      guard let id = element.string else {
        throw .badRequestData("The batch holds \(element.rawText); ids of Entities are expected")
      }
      items.append(
        BatchResults.Item(
          id: id,
          operation: isURI(id)
            ? .success(.delete) : .failure(.badRequestData("The id '\(id)' is not a URI"))))
    }
    let tenant = try await tenant(of: call)
    return await carryOut(items, in: tenant, by: call.headers).changedResponse
  }

  private func carryOut(
    _ items: [BatchResults.Item], in tenant: TenantNumber, by request: RequestHeaders
  ) async -> BatchResults {
    var results = BatchResults(items)
    results.add(await broker.performBatch(results.operations, in: tenant, by: request))
    return results
  }

  /// The body of a batch: an array with at least one item and no null.
  private func batch(of call: Call) throws(NGSILDError) -> JSONValue {
    let body = try json(call.request.body)
    guard body.isArray else {
      throw NGSILDError(.invalidRequest, "The body is no JSON array; a batch is one")
    }
    guard body.count > 0, !body.elements.contains(where: \.isNull) else {
      throw .badRequestData("The batch is empty or holds null")
    }
    return body
  }

  /// Reads each item on its own: one that is wrong does not keep the others from being done.
  private func items(
    of call: Call, rules: FragmentRules = .complete,
    _ operation: (EntityFragment) -> EntityOperation
  ) async throws(NGSILDError) -> [BatchResults.Item] {
    let body = try batch(of: call)
    guard body.elements.allSatisfy(\.isObject) else {
      throw .badRequestData("The batch holds what is no Entity")
    }
    let link = try LinkHeader.contextURL(in: call.request.headers.all("Link"))
    let isJSONLD = isJSONLD(call)
    guard !isJSONLD || link == nil else {
      throw .badRequestData(
        "The Link header names a JSON-LD context; with application/ld+json it stands in the body")
    }
    let shared = isJSONLD ? nil : try await context(linkedAt: link, of: call)
    var items: [BatchResults.Item] = []
    for element in body.elements {
      items.append(await item(element, of: call, rules: rules, shared: shared, operation))
    }
    return items
  }

  private func item(
    _ element: JSONValue, of call: Call, rules: FragmentRules, shared: Context?,
    _ operation: (EntityFragment) -> EntityOperation
  ) async -> BatchResults.Item {
    let id = (element["id"] ?? element["@id"])?.string ?? ""
    do throws(NGSILDError) {
      let context = try await context(ofItem: element, of: call, shared: shared)
      let fragment = try FragmentParser(context: context, rules: rules).entity(element)
      guard let id = fragment.id else {
        throw .badRequestData("The Entity has no id; 'id' with a URI is expected")
      }
      return BatchResults.Item(id: id, operation: .success(operation(fragment)))
    } catch {
      return BatchResults.Item(id: id, operation: .failure(error))
    }
  }

  private func context(
    ofItem element: JSONValue, of call: Call, shared: Context?
  ) async throws(NGSILDError) -> Context {
    let embedded = element["@context"]
    if let shared {
      guard embedded == nil else {
        throw .badRequestData(
          "The Entity has an '@context'; with application/json it is given in a Link header")
      }
      return shared
    }
    guard let embedded else {
      throw .badRequestData("The Entity has no '@context', which application/ld+json needs")
    }
    return try await context(for: embedded, of: call)
  }
}

/// What a batch asks for and what came of it, item by item.
struct BatchResults {
  struct Item {
    let id: String
    let operation: Result<EntityOperation, NGSILDError>
  }

  private let items: [Item]
  private var created: [String] = []
  private var succeeded: [String] = []
  private var errors: [(id: String, error: NGSILDError)] = []

  init(_ items: [Item]) {
    self.items = items
    for item in items {
      if case .failure(let error) = item.operation { errors.append((item.id, error)) }
    }
  }

  /// The items that can be carried out.
  var operations: [(id: String, operation: EntityOperation)] {
    items.compactMap { item in
      (try? item.operation.get()).map { (item.id, $0) }
    }
  }

  /// Outcomes of `operations`, in their order.
  mutating func add(_ outcomes: [Broker.BatchOutcome]) {
    for ((id, _), outcome) in zip(operations, outcomes) {
      switch outcome {
      case .failure(let error): errors.append((id, error))
      case .success(let result):
        if let left = result.notUpdated.first {
          errors.append((id, .badRequestData("'\(left.name)' was left alone: \(left.reason)")))
          continue
        }
        if result.change.before == nil && !created.contains(id) { created.append(id) }
        if !succeeded.contains(id) { succeeded.append(id) }
      }
    }
  }

  /// 201 with the ids that were created, 204 if none was, 207 unless all succeeded.
  var createdResponse: HTTPResponse {
    guard errors.isEmpty else { return partialSuccess }
    guard !created.isEmpty else { return .noContent }
    var writer = JSONWriter()
    write(created, to: &writer)
    return .plainJSON(writer.bytes, status: 201)
  }

  /// 204, or 207 unless all succeeded.
  var changedResponse: HTTPResponse { errors.isEmpty ? .noContent : partialSuccess }

  private var partialSuccess: HTTPResponse {
    .batchOperationResult(success: succeeded, errors: errors)
  }

  private func write(_ ids: [String], to writer: inout JSONWriter) {
    writer.beginArray()
    for id in ids { writer.string(id) }
    writer.endArray()
  }
}
