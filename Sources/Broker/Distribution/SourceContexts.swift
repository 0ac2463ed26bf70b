import JSON
import JSONLD
import NGSILD

/// The contexts with which names are read in what a source answers or notifies of.
struct SourceContexts: Sendable {
  /// Those that it names, by the text of the `@context` member; that of its Link header by the
  /// empty text.
  private var contexts: [String: Context] = [:]
  private let standard: Context

  /// Different ones in one answer.
  private static let countMax = 100

  /// - Parameters:
  ///   - value: an object with an `@context`, or an array of them.
  ///   - url: of the Link header.
  ///   - standard: what the source was told in; what names no context keeps to it.
  ///   - deadline: when they are no longer waited for.
  /// - Throws: `badRequestData`.
  init(
    of value: JSONValue, link url: String?, otherwise standard: Context, in tenantName: String,
    by resolver: ContextResolver, before deadline: ContinuousClock.Instant
  ) async throws(NGSILDError) {
    self.standard = standard
    var named: [String: JSONValue] = [:]
    for element in value.isArray ? Array(value.elements) : [value] {
      if let embedded = element["@context"] { named[embedded.rawText] = embedded }
      guard named.count <= Self.countMax else {
        throw .badRequestData("it names more than \(Self.countMax) contexts")
      }
    }
    guard !named.isEmpty || url != nil else { return }
    do throws(JSONLDError) {
      contexts = try await inTime(deadline, otherwise: .late) { [named] () throws(JSONLDError) in
        var contexts: [String: Context] = [:]
        for (text, embedded) in named {
          contexts[text] = try await resolver.context(for: embedded, in: tenantName)
        }
        if let url { contexts[""] = try await resolver.context(linkedAt: url, in: tenantName) }
        return contexts
      }
    } catch {
      throw .badRequestData("its @context is not usable: \(error.detail)")
    }
  }

  /// What to read names with where `embedded` is the `@context` member.
  func context(_ embedded: JSONValue?) -> Context {
    contexts[embedded?.rawText ?? ""] ?? standard
  }
}
