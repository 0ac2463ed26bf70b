import JSON
import JSONLD
package import NGSILD
package import Registrations

/// A batch operation as its client made it.
///
/// Standard: GS CIM 009, 5.6.7 to 5.6.10 and 5.6.20.
package struct BatchWrite: Sendable {
  package enum Kind: Sendable, Hashable {
    case create, merge, delete
    case upsert(EntityOperation.UpsertMode)
    case update(overwrite: Bool)
  }

  package let kind: Kind
  package let items: [SourceWrite]
  private let parameters: [(name: String, value: String)]

  /// - Parameter parameters: decoded; `local` is left out.
  package init(
    _ kind: Kind, _ items: [SourceWrite], parameters: [(name: String, value: String)]
  ) {
    self.kind = kind
    self.items = items
    self.parameters = parameters.filter { $0.name != "local" }
  }

  /// By what name registrations list it.
  package var registered: RegisteredOperation {
    switch kind {
    case .create: .createBatch
    case .upsert: .upsertBatch
    case .update: .updateBatch
    case .merge: .mergeBatch
    case .delete: .deleteBatch
    }
  }

  /// Whether a source can carry it out, as a batch or piece by piece.
  package func isSupported(by registration: Registration) -> Bool {
    registration.operations.contains(registered)
      || items.first.map { !alternatives(to: $0, at: registration).isEmpty } ?? false
  }

  // MARK: As a whole

  private var path: String {
    let name =
      switch kind {
      case .create: "create"
      case .upsert: "upsert"
      case .update: "update"
      case .merge: "merge"
      case .delete: "delete"
      }
    return "/entityOperations/\(name)"
  }

  /// The request by which a source gets its parts of the items.
  package func request(
    _ parts: [(item: SourceWrite, share: WritePlan.Share)], at address: SourceAddress
  ) -> SourceRequest {
    let body: SourceBody =
      if case .delete = kind { .ids(parts.map(\.item.id)) } else {
        .objects(parts.compactMap { $0.item.entity($0.share, at: address) })
      }
    return address.request("POST", path, parameters, body: body)
  }

  // MARK: Piece by piece

  /// The single operations that a source can carry out in place of the batch's on one Entity, each
  /// to be tried where the Entity is said to exist already by the one before; empty if it can do
  /// none.
  package func alternatives(
    to item: SourceWrite, at registration: Registration
  ) -> [SourceWrite] {
    operations(for: item).filter { operation in
      operation.registered.map(registration.operations.contains) ?? false
    }.map { operation in
      SourceWrite(
        operation, on: item.id, parameters: operation.parameters, body: item.body,
        context: item.context)
    }
  }

  private func operations(for item: SourceWrite) -> [EntityOperation] {
    guard let fragment = item.operation.fragment else { return [item.operation] }
    switch kind {
    case .create, .merge, .delete: return [item.operation]
    case .upsert(.replace): return [.create(fragment), .replaceEntity(fragment)]
    case .upsert(.update): return [.create(fragment), .updateAttributes(fragment)]
    case .update(overwrite: true): return [.updateAttributes(fragment)]
    case .update(overwrite: false): return [.appendAttributes(fragment, overwrite: false)]
    }
  }
}

extension EntityOperation {
  fileprivate var parameters: [(name: String, value: String)] {
    if case .appendAttributes(_, overwrite: false) = self {
      [("options", "noOverwrite")]
    } else {
      []
    }
  }
}
