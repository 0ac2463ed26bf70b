/// A request that provides context information.
struct ModelStep: Hashable, Sendable {
  enum Operation: Hashable, Sendable, CaseIterable {
    case create, append, update, partialUpdate, merge, replaceEntity, replaceAttribute
    case deleteEntity, deleteAttribute
    case batchCreate, batchUpsert, batchUpdate, batchMerge, batchDelete

    var isBatch: Bool { batchName != nil }

    var batchName: String? {
      switch self {
      case .batchCreate: "create"
      case .batchUpsert: "upsert"
      case .batchUpdate: "update"
      case .batchMerge: "merge"
      case .batchDelete: "delete"
      default: nil
      }
    }

    /// Whether it is about one Attribute.
    var namesAttribute: Bool {
      [.partialUpdate, .replaceAttribute, .deleteAttribute].contains(self)
    }
  }

  var operation: Operation
  var id = ""
  var attribute = ""
  var parameters: [String: String] = [:]
  var body: PlainJSON?

  var method: String {
    switch operation {
    case .update, .partialUpdate, .merge: "PATCH"
    case .replaceEntity, .replaceAttribute: "PUT"
    case .deleteEntity, .deleteAttribute: "DELETE"
    default: "POST"
    }
  }

  var target: String {
    let path =
      switch operation {
      case .create: "entities"
      case .append, .update: "entities/\(id)/attrs"
      case .merge, .replaceEntity, .deleteEntity: "entities/\(id)"
      case .partialUpdate, .replaceAttribute, .deleteAttribute:
        "entities/\(id)/attrs/\(attribute)"
      default: "entityOperations/\(operation.batchName ?? "")"
      }
    let query = parameters.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
    return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
  }

  /// The same with a simpler body or fewer parameters, the simplest first.
  var simplifications: [ModelStep] {
    let withoutParameter = parameters.keys.sorted().map { name in
      var copy = self
      copy.parameters[name] = nil
      return copy
    }
    return withoutParameter
      + (body?.simplifications ?? []).map { body in
        var copy = self
        copy.body = body
        return copy
      }
  }
}

extension ModelStep: CustomStringConvertible {
  var description: String { "\(method) \(target)" + (body.map { " \($0)" } ?? "") }
}
