import Broker
import DistributedOperations
import HTTPServer
import JSON
import JSONLD
import NGSILD
import Storage

/// Temporal provision (GS CIM 009, 6.18.3.1, 6.19.3.2, 6.20 to 6.22).
extension API {
  func upsertTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let (body, context) = try await body(of: call)
    let fragment = try FragmentParser(context: context, rules: .temporal).temporalEntity(body)
    guard let id = fragment.id else {
      throw .badRequestData("The Entity has no id; 'id' with a URI is expected")
    }
    guard !fragment.types.isEmpty else {
      throw .badRequestData("The Entity '\(id)' has no type; 'type' is expected")
    }
    let tenant = try await newTenant(of: call)
    return try await carryOut(.upsert(fragment), on: id, call, body, context, in: tenant)
  }

  func appendTemporalAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let (body, context) = try await body(of: call)
    let fragment = try FragmentParser(context: context, rules: .temporal).temporalEntity(body)
    guard fragment.id.map(IRI.init) ?? IRI(id) == IRI(id) else {
      throw .badRequestData("The body's id '\(fragment.id ?? "")' is not the path's '\(id)'")
    }
    guard !fragment.isEmpty else {
      throw .badRequestData("The Entity Fragment is empty; at least one Attribute is expected")
    }
    let tenant = try await tenant(of: call)
    return try await carryOut(.appendAttributes(fragment), on: id, call, body, context, in: tenant)
  }

  func deleteTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    return try await carryOut(.delete, on: id, call, nil, context, in: tenant)
  }

  func deleteTemporalAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let all = try call.parameters.boolean("deleteAll")
    let dataset = try datasetID(call)
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    let operation = TemporalOperation.deleteAttribute(
      context.expand(name), all ? .all : .one(datasetId: dataset))
    return try await carryOut(operation, on: id, call, nil, context, in: tenant)
  }

  func updateTemporalInstance(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let instance = try call.instanceID()
    let (body, context) = try await body(of: call)
    let parser = FragmentParser(context: context, rules: .partial)
    let fragment = try parser.instanceFragment(body, named: name)
    let tenant = try await tenant(of: call)
    let operation = TemporalOperation.updateInstance(instance, context.expand(name), fragment)
    return try await carryOut(operation, on: id, call, body, context, in: tenant)
  }

  func deleteTemporalInstance(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let instance = try call.instanceID()
    let tenant = try await tenant(of: call)
    let context = try await context(of: call)
    return try await carryOut(
      .deleteInstance(instance, context.expand(name)), on: id, call, nil, context, in: tenant)
  }

  // MARK: Parts

  /// Carries out a write here and at Context Sources.
  private func carryOut(
    _ operation: TemporalOperation, on id: String, _ call: Call, _ body: JSONValue?,
    _ context: Context, in tenant: TenantNumber
  ) async throws(NGSILDError) -> HTTPResponse {
    let origin = try await origin(of: call, context, in: tenant)
    let write = TemporalWrite(
      operation, on: id, parameters: call.parameters.list, body: body, context: context)
    let outcome = try await broker.perform(write, in: tenant, from: origin)
    switch outcome.verdict {
    case .success:
      guard case .upsert = operation, outcome.hasCreated else { return .noContent }
      return .created(at: "/ngsi-ld/v1/temporal/entities/\(id)")
    case .failure(let error): throw error
    case .problem(let problem): return ProblemDetails(problem).response
    case .partial:
      switch operation {
      case .upsert, .delete: return BatchOperationResult(outcome, of: id).response
      default: return UpdateResult(outcome, of: operation.attributes ?? []).response
      }
    }
  }
}

extension Call {
  /// The instance id of the path.
  fileprivate func instanceID() throws(NGSILDError) -> String {
    guard identifiers.count > 2 else { throw .badRequestData("The path names no Attribute") }
    try requireURI(identifiers[2], as: "The instance id")
    return identifiers[2]
  }
}
