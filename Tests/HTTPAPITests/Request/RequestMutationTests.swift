import NGSILD
import TestSupport
import Testing

@testable import HTTPAPI

/// The parsers of what a request has beside its body, on generated texts.
@Suite("Generated requests")
struct RequestMutationTests {
  private static let pieces = [
    "%", "%4", "%41", "%FF", "%C3%A9", "+", "&", "=", ";", ",", "<", ">", "\"", "q=", "q=0", "*/*",
    "rel=", "json", "é", "😀", "\u{0}", " ", "\t", "", "1.5", "ngsi-ld=", "body=json", "://", "/",
  ]

  /// Runs `check` on as many texts as the parser gets; it tells what is wrong, if anything.
  private func run(
    _ parser: GeneratedCases, _ check: (inout SeededGenerator) -> String?
  ) {
    var generator = SeededGenerator(printingSeedOf: "\(parser)")
    for _ in 0..<parser.count {
      guard let problem = check(&generator) else { continue }
      Issue.record("seed \(generator.seed): \(problem)")
      return
    }
  }

  // MARK: Query strings

  @Test("parameters come back from a query string, and a broken one is refused")
  func queryStrings() {
    run(.queryStrings) { generator in
      let pairs = generator.pairs()
      let text = pairs.map {
        "\(NGSILD.percentEncoded($0.name))=\(NGSILD.percentEncoded($0.value))"
      }
      .joined(separator: "&")
      guard let read = try? Parameters(query: text),
        read.list.map({ "\($0)" }) == pairs.map({ "\($0)" })
      else { return "\(pairs) are not read from '\(text)'" }
      return problem(ofQueryString: generator.mutate(text, with: Self.pieces))
    }
  }

  private func problem(ofQueryString text: String) -> String? {
    do throws(NGSILDError) {
      let parameters = try Parameters(query: text)
      let size = parameters.list.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
      _ = try? Page(parameters)
      _ = try? parameters.options(among: ["sysAttrs"])
      return size <= text.utf8.count ? nil : "'\(text)' grows to \(parameters.list)"
    } catch {
      return error.kind == .badRequestData && error.detail.contains("'")
        ? nil : "'\(text)' fails with \(error)"
    }
  }

  // MARK: Headers

  @Test("the context's URL comes back from a Link header, among others too")
  func linkHeaders() {
    run(.linkHeaders) { generator in
      let url = generator.pick(["https://e.org/c", "https://e.org/a,b;c=\"d\"", "http://h:1/?x=<y"])
      let other = generator.pick(["<https://e.org/x>; rel=\"next\"", "<>;rel=self", "nothing", ""])
      let context = LinkHeader.context(url)
      let values = generator.pick([
        [context], [other, context], ["\(other), \(context)"], ["\(context) , \(other)"],
      ])
      guard (try? LinkHeader.contextURL(in: values)) == url else {
        return "\(url) is not read from \(values)"
      }
      let mutation = generator.mutate(values.joined(separator: ","), with: Self.pieces)
      do throws(NGSILDError) {
        let found = try LinkHeader.contextURL(in: [mutation])
        return found.map { mutation.contains("<\($0)>") } ?? true
          ? nil : "'\(mutation)' gives \(found ?? "")"
      } catch {
        return error.kind == .badRequestData ? nil : "'\(mutation)' fails with \(error)"
      }
    }
  }

  @Test("of what an Accept header takes, the one of the highest weight is chosen")
  func acceptHeaders() {
    let types: [MediaType] = [.json, .jsonLD, .geoJSON]
    run(.acceptHeaders) { generator in
      let weights = types.map { _ in generator.number(0...10) }
      let text = zip(types, weights).map { "\($0.rawValue);q=\(Double($1) / 10)" }
        .joined(separator: ", ")
      let best = weights.max() ?? 0
      let expected = best == 0 ? nil : weights.firstIndex(of: best).map { types[$0] }
      guard MediaType.negotiate(text, among: types) == expected else {
        return "'\(text)' chooses \(MediaType.negotiate(text, among: types)?.rawValue ?? "nothing")"
      }
      let mutation = generator.mutate(text, with: Self.pieces)
      let chosen = MediaType.negotiate(mutation, among: [.jsonLD])
      _ = MediaType(contentType: mutation)
      return chosen == nil || chosen == .jsonLD ? nil : "'\(mutation)' chooses another"
    }
  }

  @Test("a preference comes back from a Prefer header, and broken ones are passed over")
  func preferHeaders() {
    run(.preferHeaders) { generator in
      let minor = generator.number(1...8)
      let parts = [
        "ngsi-ld=1.\(minor)", generator.pick(["respond-async", "wait=10; x=\"a,b\"", "body=full"]),
      ]
      let text = (generator.chance(50) ? parts : parts.reversed()).joined(separator: ", ")
      guard Preferences([text]).version == SpecificationVersion(1, minor) else {
        return "'\(text)' prefers \(Preferences([text]).version?.description ?? "nothing")"
      }
      let mutation = generator.mutate(text, with: Self.pieces)
      let version = Preferences([mutation]).version
      return version.map { $0 <= .own } ?? true ? nil : "'\(mutation)' prefers \(text)"
    }
  }
}

extension SeededGenerator {
  /// Parameters with names of their own.
  fileprivate mutating func pairs() -> [(name: String, value: String)] {
    let names = Set(
      list(0...4) { $0.pick(["id", "q", "größe", "a b", "x&y", "limit", "options"]) })
    return names.sorted().map { name in
      let parts = list(0...4) {
        $0.pick(["a", "=", "&", "%", "+", " ", "é", "😀", ";", "\"", "1", "-5", "\n", "sysAttrs"])
      }
      return (name, parts.joined())
    }
  }
}
