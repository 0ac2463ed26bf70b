import DistributedOperations
import JSON
import NGSILD
import Registrations
import Testing

@Suite("Answers of sources that may be given again (5.2.34)")
struct KeptAnswersTests {
  fileprivate static let start = ContinuousClock.now

  private static func source(
    _ key: RegistrationKey = 1, _ duration: String = "PT10S", endpoint: String = "http://a"
  ) throws -> CompiledRegistration {
    CompiledRegistration(
      try registration(
        "r\(key)", endpoint: endpoint, #", "management": {"cacheDuration": "\#(duration)"}"#),
      key: key)
  }

  private static func request(_ path: String = "/types") throws -> SourceRequest {
    try address(of: registration()).request("GET", path)
  }

  /// One that keeps `answer` of `source` since `start`.
  private func answers(
    _ answer: String, to request: SourceRequest, of source: CompiledRegistration,
    bytesMax: Int = 1 << 20
  ) -> KeptAnswers<String> {
    var answers = KeptAnswers<String>(bytesMax: bytesMax)
    answers.add(answer, to: request, of: source)
    return answers
  }

  @Test(
    "an answer is given again as long as the registration allows",
    arguments: [("PT10S", 0, true), ("PT10S", 9, true), ("PT10S", 10, false), ("PT0S", 0, false)])
  func duration(duration: String, seconds: Int, isKept: Bool) throws {
    let (source, request) = (try Self.source(1, duration), try Self.request())
    let answers = answers("a", to: request, of: source)
    let now = Self.start + .seconds(seconds)
    #expect(answers.answer(to: request, of: source, at: now) == (isKept ? "a" : nil))
  }

  @Test("a registration that allows nothing has nothing kept")
  func none() throws {
    let source = CompiledRegistration(try registration(), key: 1)
    let request = try Self.request()
    #expect(
      answers("a", to: request, of: source).answer(to: request, of: source, at: Self.start) == nil)
  }

  @Test("another request, another registration and a changed one have answers of their own")
  func identity() throws {
    let (source, request) = (try Self.source(), try Self.request())
    var answers = answers("a", to: request, of: source)
    #expect(answers.answer(to: try Self.request("/x"), of: source, at: Self.start) == nil)
    #expect(answers.answer(to: request, of: try Self.source(2), at: Self.start) == nil)
    let changed = try Self.source()
    #expect(answers.answer(to: request, of: changed, at: Self.start) == nil)
    answers.add("b", to: request, of: changed)
    #expect(answers.answer(to: request, of: changed, at: Self.start) == "b")
    #expect(answers.answer(to: request, of: source, at: Self.start) == nil)
  }

  @Test("what is dropped is dropped for all registrations of the same data, and no other")
  func dropping() throws {
    let request = try Self.request()
    let (one, same) = (try Self.source(1), try Self.source(2))
    let other = try Self.source(3, endpoint: "http://b")
    var answers = answers("a", to: request, of: one)
    answers.add("b", to: request, of: same)
    answers.add("c", to: request, of: other)
    answers.drop(one)
    #expect(answers.answer(to: request, of: one, at: Self.start) == nil)
    #expect(answers.answer(to: request, of: same, at: Self.start) == nil)
    #expect(answers.answer(to: request, of: other, at: Self.start) == "c")
  }

  @Test("what differs in Unicode normal form alone is another request, or of another source")
  func normalForms() throws {
    let (one, two) = ("\u{e9}", "e\u{301}")
    func request(_ path: String, _ value: String) throws -> SourceRequest {
      let info = #", "contextSourceInfo": [{"key": "X-A", "value": "\#(value)"}]"#
      return try address(of: registration("r", info)).request("GET", path)
    }
    #expect(try request(one, one) == request(one, one))
    #expect(try request(one, one) != request(one, two))
    #expect(try request(one, one) != request(two, one))
    func site(_ path: String, _ tenant: String) throws -> SourceSite {
      try registration(endpoint: "http://a/\(path)", #", "tenant": "\#(tenant)""#).site
    }
    #expect(try site(one, one) == site(one, one))
    #expect(try site(one, one) != site(one, two))
    #expect(try site(one, one) != site(two, one))
  }

  @Test("an answer from before a change is not kept after it")
  func race() throws {
    let (source, request) = (try Self.source(), try Self.request())
    var answers = KeptAnswers<String>(bytesMax: 1 << 20)
    let moment = answers.moment(for: source)
    answers.drop(source)
    answers.keep("old", of: 1, to: request, of: source, since: moment, at: Self.start)
    #expect(answers.answer(to: request, of: source, at: Self.start) == nil)
  }

  @Test("there is a bound: the oldest go, and what is too long does not come")
  func bound() throws {
    let source = try Self.source()
    let requests = try (0..<100).map { try Self.request("/\($0)") }
    var answers = KeptAnswers<String>(bytesMax: 32 << 10)
    for (place, request) in requests.enumerated() {
      answers.add("\(place)", length: 500, to: request, of: source)
      #expect(answers.bytes <= 32 << 10)
    }
    let kept = requests.filter { answers.answer(to: $0, of: source, at: Self.start) != nil }
    #expect(15...40 ~= kept.count)
    #expect(kept == Array(requests.suffix(kept.count)))
    let long = try Self.request("/long")
    answers.add("long", length: 4 << 10, to: long, of: source)
    #expect(answers.answer(to: long, of: source, at: Self.start) == nil)
    answers.drop(source)
    #expect(answers.bytes == 0)
  }

  @Test("a new answer takes the place of the old one", arguments: [1000])
  func replacement(times: Int) throws {
    let (source, request) = (try Self.source(), try Self.request())
    var answers = answers("0", to: request, of: source)
    let bytes = answers.bytes
    for number in 1...times { answers.add("\(number)", to: request, of: source) }
    #expect(answers.bytes == bytes)
    #expect(answers.answer(to: request, of: source, at: Self.start) == "\(times)")
  }
}

extension KeptAnswers<String> {
  fileprivate mutating func add(
    _ answer: String, length: Int = 1, to request: SourceRequest, of source: CompiledRegistration
  ) {
    keep(
      answer, of: length, to: request, of: source, since: moment(for: source),
      at: KeptAnswersTests.start)
  }
}
