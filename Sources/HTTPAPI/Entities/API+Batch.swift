import Broker
import DistributedOperations
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
    return try await carryOut(.upsert(mode), items, call, in: tenant).createdResponse
  }

  func createBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let items = try await items(of: call) { fragment in .create(fragment) }
    let tenant = try await newTenant(of: call)
    return try await carryOut(.create, items, call, in: tenant).createdResponse
  }

  func updateBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let overwrite = try !call.parameters.options(among: ["noOverwrite"]).contains("noOverwrite")
    let items = try await items(of: call) { .appendAttributes($0, overwrite: overwrite) }
    let tenant = try await tenant(of: call)
    return try await carryOut(.update(overwrite: overwrite), items, call, in: tenant)
      .changedResponse
  }

  func mergeBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let items = try await items(of: call, rules: .merge) { .mergeEntity($0, MergeOptions()) }
    let tenant = try await tenant(of: call)
    return try await carryOut(.merge, items, call, in: tenant).changedResponse
  }

  /// The body is an array of ids, so no context plays a part.
  func deleteBatch(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let body = try batch(of: call)
    var items: [BatchResults.Item] = []
    for element in body.elements {
      guard let id = element.string else {
        throw .badRequestData("The batch holds \(element.rawText); ids of Entities are expected")
      }
      let write = SourceWrite(.delete, on: id, body: nil, context: .core)
      items.append(
        BatchResults.Item(
          id: id,
          write: isURI(id)
            ? .success(write) : .failure(.badRequestData("The id '\(id)' is not a URI"))))
    }
    let tenant = try await tenant(of: call)
    return try await carryOut(.delete, items, call, in: tenant).changedResponse
  }

  private func carryOut(
    _ kind: BatchWrite.Kind, _ items: [BatchResults.Item], _ call: Call, in tenant: TenantNumber
  ) async throws(NGSILDError) -> BatchResults {
    var results = BatchResults(items)
    let context = results.writes.first?.context ?? .core
    let batch = BatchWrite(kind, results.writes, parameters: call.parameters.list)
    let origin = try await origin(of: call, context, in: tenant)
    results.add(try await broker.performBatch(batch, in: tenant, from: origin, by: call.headers))
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
      let write = SourceWrite(operation(fragment), on: id, body: element, context: context)
      return BatchResults.Item(id: id, write: .success(write))
    } catch {
      return BatchResults.Item(id: id, write: .failure(error))
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
    let write: Result<SourceWrite, NGSILDError>
  }

  /// The items that can be carried out.
  let writes: [SourceWrite]
  /// Each once.
  private var created: [String] = []
  private var seen: Set<IRI> = []
  private var result = BatchOperationResult()

  init(_ items: [Item]) {
    writes = items.compactMap { try? $0.write.get() }
    for item in items {
      if case .failure(let error) = item.write { result.fail(item.id, error) }
    }
  }

  /// Outcomes of `writes`, in their order.
  mutating func add(_ outcomes: [WriteOutcome]) {
    for (write, outcome) in zip(writes, outcomes) {
      result.add(outcome, of: write.id)
      if outcome.hasCreated, seen.insert(IRI(write.id)).inserted { created.append(write.id) }
    }
  }

  /// 201 with the ids that were created, 204 if none was, 207 unless all succeeded.
  var createdResponse: HTTPResponse {
    guard result.errors.isEmpty else { return result.response }
    guard !created.isEmpty else { return .noContent }
    var writer = JSONWriter()
    writer.beginArray()
    for id in created { writer.string(id) }
    writer.endArray()
    return .plainJSON(writer.bytes, status: 201)
  }

  /// 204, or 207 unless all succeeded.
  var changedResponse: HTTPResponse { result.errors.isEmpty ? .noContent : result.response }
}
