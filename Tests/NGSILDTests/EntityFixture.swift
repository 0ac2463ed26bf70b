import JSON
import JSONLD
import NGSILD

let created = DateTime("2026-01-01T00:00:00Z") ?? .earliest
let changed = DateTime("2026-02-01T00:00:00Z") ?? .earliest
let vocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"

/// A context with terms of a user.
func makeContext(_ value: String) async throws -> Context {
  try await ContextResolver(loader: NoLoader(), cache: ContextCache(now: { .zero }))
    .context(for: JSONValue(parsing: value))
}

private struct NoLoader: ContextLoader {
  func document(at url: String) async throws(JSONLDError) -> LoadedDocument {
    throw JSONLDError(.loadingDocumentFailed, url)
  }
}

func parse(
  _ body: String, _ rules: FragmentRules = .complete, _ context: Context = .core
) throws -> EntityFragment {
  try FragmentParser(context: context, rules: rules).entity(JSONValue(parsing: body))
}

/// The fragment of an Attribute called `a`.
func parseAttribute(
  _ value: String, _ rules: FragmentRules = .complete, _ context: Context = .core
) throws -> [AttributeFragment] {
  try parse(#"{"a":\#(value)}"#, rules, context).attributes[0].instances
}

/// The body of an Entity of type T with the given members.
func body(_ members: String) -> String {
  #"{"id":"urn:x:1","type":"T"\#(members.isEmpty ? "" : ",")\#(members)}"#
}

extension Entity {
  /// As created with the given members.
  init(_ members: String, context: Context = .core) throws {
    let fragment = try parse(body(members), .complete, context)
    let result = try EntityOperation.create(fragment).apply(to: nil, id: "urn:x:1", at: created)
    guard let entity = result.change.after else { throw NGSILDError(.internalError, "none") }
    self = entity
  }

  var stored: String {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.text
  }

  func shown(as representation: Representation, at now: DateTime = changed) throws -> String {
    var writer = JSONWriter()
    try representation.write(stored: JSONValue(parsing: stored), at: now, to: &writer)
    return writer.text
  }

  /// The normalized members but for id and type.
  var members: String {
    get throws {
      let text = try shown(as: Representation(context: .core))
      let head = #"{"id":"urn:x:1","type":"T""#
      guard text.hasPrefix(head) else { return text }
      return String(text.dropFirst(head.count).dropFirst().dropLast())
    }
  }

  func applying(_ operation: EntityOperation) throws -> Entity {
    let result = try operation.apply(to: self, id: id, at: changed)
    guard let entity = result.change.after else { throw NGSILDError(.internalError, "none") }
    return entity
  }

  func attribute(_ name: String) -> Attribute? {
    attributes.first { $0.name == IRI(vocabulary + name) }
  }
}

/// An operation on an Entity, by the name that the standard gives it, with a body.
enum Provision: String, CaseIterable, Sendable {
  case createEntity, upsertReplace, upsertUpdate, appendAttributes, appendNoOverwrite
  case updateAttributes, updateAttribute, replaceAttribute, replaceEntity, mergeEntity
  case mergeSimplified

  var rules: FragmentRules {
    switch self {
    case .updateAttributes: .update
    case .updateAttribute: .partial
    case .mergeEntity: .merge
    case .mergeSimplified: .simplifiedMerge
    default: .complete
    }
  }

  /// - Parameter members: Of the body; of an Attribute Fragment for operations on `a`.
  func operation(
    _ members: String, options: MergeOptions = MergeOptions()
  ) throws -> EntityOperation {
    let parser = FragmentParser(context: .core, rules: rules)
    let isOnAttribute = self == .updateAttribute || self == .replaceAttribute
    guard !isOnAttribute else {
      let fragment = try parser.attributeFragment(
        JSONValue(parsing: "{\(members)}"), named: "a")
      let name = IRI(vocabulary + "a")
      return self == .updateAttribute
        ? .updateAttribute(name, fragment) : .replaceAttribute(name, fragment)
    }
    let isWhole = [.createEntity, .upsertReplace, .upsertUpdate, .replaceEntity].contains(self)
    let text = isWhole ? body(members) : "{\(members)}"
    let fragment = try parser.entity(JSONValue(parsing: text))
    switch self {
    case .createEntity: return .create(fragment)
    case .upsertReplace: return .upsert(fragment, mode: .replace)
    case .upsertUpdate: return .upsert(fragment, mode: .update)
    case .appendAttributes: return .appendAttributes(fragment, overwrite: true)
    case .appendNoOverwrite: return .appendAttributes(fragment, overwrite: false)
    case .updateAttributes: return .updateAttributes(fragment)
    case .replaceEntity: return .replaceEntity(fragment)
    default: return .mergeEntity(fragment, options)
    }
  }
}

func expectRefusal(
  _ kind: NGSILDError.Kind = .badRequestData, _ body: () throws -> Void
) -> Bool {
  do {
    try body()
    return false
  } catch {
    return (error as? NGSILDError)?.kind == kind
  }
}
