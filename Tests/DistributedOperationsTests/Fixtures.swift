import DistributedOperations
import JSON
import JSONLD
import NGSILD
import Registrations
import Testing

/// A registration of one `RegistrationInfo`.
///
/// - Parameters:
///   - id: what its id ends in.
///   - entities: JSON, the members of each `EntityInfo`.
///   - members: JSON, further members with a leading comma.
func registration(
  _ id: String = "r", mode: String = "inclusive", entities: [String] = [#""type": "Vehicle""#],
  attributes: [String] = [], endpoint: String = "http://source.example", _ members: String = ""
) throws -> Registration {
  let names = attributes.map { #""\#($0)""# }.joined(separator: ",")
  let properties = attributes.isEmpty ? "" : #", "propertyNames": [\#(names)]"#
  let infos = entities.map { "{\($0)}" }.joined(separator: ",")
  let isAuxiliary = mode == "auxiliary"
  let operations = isAuxiliary ? "" : #", "operations": ["redirectionOps", "queryBatch"]"#
  let given = members.contains(#""operations""#) ? "" : operations
  let text = """
    {"id": "urn:r:\(id)", "type": "ContextSourceRegistration", "endpoint": "\(endpoint)",
     "mode": "\(mode)", "information": [{"entities": [\(infos)]\(properties)}]\(given)\(members)}
    """
  return try RegistrationParser(context: .core).registration(
    JSONValue(parsing: text), generatedID: "", at: .earliest)
}

/// An Entity as a source answers it, by the names of the Core.
func answeredEntity(_ text: String) throws -> AnsweredEntity {
  let entities: [AnsweredEntity] = try SourceAnswer.findings(JSONValue(parsing: text)) { _ in
    .core
  }
  return try #require(entities.first)
}

extension AnsweredEntity {
  /// All of it that was asked for.
  var whole: Entity {
    get throws {
      var reader = AnsweredEntityReader()
      return try reader.entity(self)
    }
  }
}
