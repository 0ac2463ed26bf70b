import JSON
import JSONLD
import NGSILD

/// The contexts with which names are read in what a source answers or notifies of.
struct SourceContexts: Sendable {
  /// By the `@context` members that name them.
  private var contexts: [InlineContext: Context] = [:]
  /// That of its Link header, for what has no such member.
  private var linked: Context?
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
    var named: Set<InlineContext> = []
    for element in value.isArray ? Array(value.elements) : [value] {
      if let embedded = element["@context"] { named.insert(InlineContext(embedded)) }
      guard named.count <= Self.countMax else {
        throw .badRequestData("it names more than \(Self.countMax) contexts")
      }
    }
    guard !named.isEmpty || url != nil else { return }
    do throws(JSONLDError) {
      (contexts, linked) = try await inTime(deadline, otherwise: .late) {
        [named] () throws(JSONLDError) in
        var contexts: [InlineContext: Context] = [:]
        for embedded in named {
          contexts[embedded] = try await resolver.context(for: embedded.value, in: tenantName)
        }
        guard let url else { return (contexts, nil) }
        return (contexts, try await resolver.context(linkedAt: url, in: tenantName))
      }
    } catch {
      throw .badRequestData("its @context is not usable: \(error.detail)")
    }
  }

  /// What to read names with where `embedded` is the `@context` member.
  func context(_ embedded: JSONValue?) -> Context {
    guard let embedded else { return linked ?? standard }
    return contexts[InlineContext(embedded)] ?? standard
  }
}
