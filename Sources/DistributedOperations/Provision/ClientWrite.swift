package import JSON
package import JSONLD
import NGSILD

/// A write as its client made it, of which sources get their parts.
package struct ClientWrite<Operation: Sendable>: Sendable {
  package let operation: Operation
  package let id: String
  /// Decoded, without `local`.
  package let parameters: [(name: String, value: String)]
  /// nil for a deletion.
  package let body: JSONValue?
  /// What the body's names were expanded with.
  package let context: Context

  package init(
    _ operation: Operation, on id: String,
    parameters: [(name: String, value: String)] = [], body: JSONValue?, context: Context
  ) {
    self.operation = operation
    self.id = id
    self.parameters = parameters.filter { $0.name != "local" }
    self.body = body
    self.context = context
  }

  func part(_ share: WritePlan.Share, at address: SourceAddress) -> BodyPart {
    BodyPart(of: share, from: context, to: address.context)
  }
}
