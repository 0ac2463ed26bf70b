import JSON
import JSONLD
import NGSILD

/// The contexts with which names are read in what a source answers or notifies of.
struct SourceContexts: Sendable {
  /// Those that it names, by the text of the `@context` member; that of its Link header by the empty
  /// text.
  private var contexts: [String: Context] = [:]
  private let standard: Context

  /// - Parameters:
  ///   - value: an object with an `@context`, or an array of them.
  ///   - url: of the Link header.
  ///   - standard: what the source was told in; what names no context keeps to it.
  /// - Throws: `badRequestData`.
  init(
    of value: JSONValue, link url: String?, otherwise standard: Context, in tenantName: String,
    by resolver: ContextResolver
  ) async throws(NGSILDError) {
    self.standard = standard
    do throws(JSONLDError) {
      for element in value.isArray ? Array(value.elements) : [value] {
        guard let embedded = element["@context"], contexts[embedded.rawText] == nil else {
          continue
        }
        contexts[embedded.rawText] = try await resolver.context(for: embedded, in: tenantName)
      }
      if let url { contexts[""] = try await resolver.context(linkedAt: url, in: tenantName) }
    } catch {
      throw .badRequestData("its @context is not usable: \(error.detail)")
    }
  }

  /// What to read names with where `embedded` is the `@context` member.
  func context(_ embedded: JSONValue?) -> Context {
    contexts[embedded?.rawText ?? ""] ?? standard
  }
}
