import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Testing

let now = DateTime(microseconds: 1_800_000_000_000_000)
let later = DateTime(microseconds: 1_800_000_001_000_000)

/// What makes a registration of `members` complete, where they name no other.
func body(_ members: String, information: String = #"[{"entities": [{"type": "Room"}]}]"#) -> String
{
  """
  {"id": "urn:r:1", "type": "ContextSourceRegistration", "endpoint": "http://source:9",
   "information": \(information)\(members.isEmpty ? "" : ", ")\(members)}
  """
}

func parse(_ body: String, context: Context = .core) throws -> Registration {
  try RegistrationParser(context: context).registration(
    JSONValue(parsing: body), generatedID: "urn:r:generated", at: now)
}

/// A registration of `information`.
func registration(
  _ information: String, _ members: String = "", id: String = "urn:r:1"
) throws -> Registration {
  try parse(
    body(members, information: information).replacing("urn:r:1", with: id))
}

func compile(
  _ information: String, _ members: String = "", key: RegistrationKey = 1
) throws -> CompiledRegistration {
  CompiledRegistration(try registration(information, members, id: "urn:r:\(key)"), key: key)
}

/// What a query with these parameters is about.
func specification(_ parameters: [String: String]) throws -> EntitySpecification {
  EntitySpecification(try QueryRequest(parameters: { parameters[$0] }, expander: Context.core))
}

func shown(
  _ registration: Registration, context: Context = .core, system: Bool = false
) throws -> JSONValue {
  var writer = JSONWriter()
  RegistrationRepresentation(context: context, showsSystemAttributes: system)
    .write(registration, to: &writer)
  return try JSONValue(parsing: writer.bytes)
}

extension JSONValue {
  init(_ text: String) throws { self = try JSONValue(parsing: text) }
}
