import JSON
import Schemas

/// The Core `@context`: embedded, never downloaded, and stronger than any user context.
///
/// Standard: GS CIM 009, 4.4 and annex B.
package final class CoreContext: Sendable {
  /// The URL of the version that is embedded; shown where no user context applies.
  package static let url = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"

  static let shared = CoreContext()

  let definitions: [Term: TermDefinition]
  /// Put before names that no term and no prefix explains.
  let vocabulary: String
  let termsByIRI: [IRI: CoreTerm]
  let prefixes: [Prefix]

  private init() {
    var processor = TermProcessor()
    do throws(JSONLDError) {
      for part in Self.parts { try processor.apply(part) }
    } catch {
      preconditionFailure("The embedded Core context is broken: \(error)")
    }
    definitions = processor.definitions
    vocabulary = processor.vocabulary
    prefixes = Prefix.all(of: definitions)
    termsByIRI = Dictionary(
      uniqueKeysWithValues: CoreTerm.allCases.compactMap { term in
        processor.definitions[term.rawValue].map { (IRI($0.iri), term) }
      })
  }

  /// The document's definitions, then those of its one scoped context.
  private static var parts: [LocalContext] {
    guard let document = try? JSONValue(parsing: Schemas.coreContext),
      let core = document["@context"],
      let proof = core["ngsildproof"]?["@context"]?.elements.first(where: \.isObject)
    else { preconditionFailure("The embedded Core context is no context document") }
    return [LocalContext(of: core), LocalContext(of: proof)]
  }
}

extension CoreContext {
  /// Whether `url` names a version of the Core, for all of which the embedded one stands.
  ///
  /// Choice: `http` is as good as `https`, and a version of the future is the Core as well; every
  /// other URL is an ordinary one.
  package static func isCore(url: String) -> Bool {
    var rest = url.utf8[...]
    guard rest.take("https://") || rest.take("http://"),
      rest.take("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context")
    else { return false }
    if rest.take("-v") {
      guard rest.takeDigits(), rest.take("."), rest.takeDigits() else { return false }
    }
    return rest.elementsEqual(".jsonld".utf8)
  }
}

extension Substring.UTF8View {
  fileprivate mutating func take(_ prefix: String) -> Bool {
    guard starts(with: prefix.utf8) else { return false }
    removeFirst(prefix.utf8.count)
    return true
  }

  fileprivate mutating func takeDigits() -> Bool {
    let digits = prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
    removeFirst(digits)
    return 1...3 ~= digits
  }
}
