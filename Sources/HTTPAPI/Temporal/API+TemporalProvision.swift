import Broker
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
    let isNew = try await broker.upsertTemporalEntity(fragment, on: id, in: tenant)
    return isNew ? .created(at: "/ngsi-ld/v1/temporal/entities/\(id)") : .noContent
  }

  func appendTemporalAttributes(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let (body, context) = try await body(of: call)
    let fragment = try FragmentParser(context: context, rules: .temporal).temporalEntity(body)
    guard fragment.id == nil || fragment.id == id else {
      throw .badRequestData("The body's id '\(fragment.id ?? "")' is not the path's '\(id)'")
    }
    guard !fragment.isEmpty else {
      throw .badRequestData("The Entity Fragment is empty; at least one Attribute is expected")
    }
    let tenant = try await tenant(of: call)
    try await broker.appendTemporalAttributes(fragment, to: id, in: tenant)
    return .noContent
  }

  func deleteTemporalEntity(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let tenant = try await tenant(of: call)
    try await broker.deleteTemporalEntity(id, in: tenant)
    return .noContent
  }

  func deleteTemporalAttribute(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let all = try call.parameters.boolean("deleteAll")
    let dataset = try datasetID(call)
    let tenant = try await tenant(of: call)
    let attribute = try await context(of: call).expand(name)
    try await broker.deleteTemporalAttribute(
      attribute, all ? .all : .one(datasetId: dataset), of: id, in: tenant)
    return .noContent
  }

  func updateTemporalInstance(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let instance = try call.instanceID()
    let (body, context) = try await body(of: call)
    let parser = FragmentParser(context: context, rules: .partial)
    let fragment = try parser.instanceFragment(body, named: name)
    let tenant = try await tenant(of: call)
    try await broker.updateTemporalInstance(
      instance, of: context.expand(name), id, by: fragment, in: tenant)
    return .noContent
  }

  func deleteTemporalInstance(_ call: Call) async throws(NGSILDError) -> HTTPResponse {
    let id = try call.entityID()
    let name = try call.attributeName()
    let instance = try call.instanceID()
    let tenant = try await tenant(of: call)
    let attribute = try await context(of: call).expand(name)
    try await broker.deleteTemporalInstance(instance, of: attribute, id, in: tenant)
    return .noContent
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
