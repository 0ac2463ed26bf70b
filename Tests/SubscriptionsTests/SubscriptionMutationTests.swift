import JSON
import JSONLD
import NGSILD
import Subscriptions
import TestSupport
import Testing

@Suite("Mutated subscriptions")
struct SubscriptionMutationTests {
  private static let bodies = [
    #"""
    {"id":"urn:s:1","type":"Subscription","subscriptionName":"n","description":"d",
    "entities":[{"type":"Room|Hall"},{"type":"A","id":"urn:x:1","idPattern":"^u"}],
    "watchedAttributes":["a","location"],"q":"a==\"x\";b>5","scopeQ":"/a/#","throttling":5,
    "expandValues":"a","datasetId":["urn:d:1","@none"],"lang":"en,fr;q=0.5",
    "notification":{"attributes":["a"],"format":"concise","sysAttrs":true,
    "endpoint":{"uri":"https://h.org/n","accept":"application/ld+json","timeout":1000,
    "receiverInfo":[{"key":"K","value":"v"}]}}}
    """#,
    #"""
    {"type":"Subscription","watchedAttributes":["a"],"expiresAt":"2030-01-01T00:00:00Z",
    "notificationTrigger":["attributeCreated","entityDeleted"],"isActive":false,"localOnly":true,
    "jsonldContext":"https://h.org/c","ngsildConformance":"1.5",
    "notification":{"pick":["id","a"],"omit":["b"],"format":"keyValues","showChanges":true,
    "endpoint":{"uri":"http://h.org/","cooldown":5,
    "notifierInfo":[{"key":"x","value":"y"}]}}}
    """#,
    #"""
    {"type":"Subscription","entities":[{"type":"*"}],"geoQ":{"georel":"near;maxDistance==5",
    "geometry":"Point","coordinates":[1,2],"geoproperty":"location"},"timeInterval":5,
    "temporalQ":{"timerel":"before","timeAt":"2026-01-01T00:00:00Z"},"csf":"a",
    "notification":{"join":"inline","joinLevel":2,"endpoint":{"uri":"mqtt://h.org/t"}}}
    """#,
  ].map { Array($0.utf8) }

  private static let pieces = [
    "null", "true", "5", "0", "-1", "1e9", "\"\"", "{}", "[]", "\"x\"", "[\"a\"]", "\"a b\"",
    "\"urn:ngsi-ld:null\"", "\"type\"", "\"id\"", "\"q\"", "\"watchedAttributes\"", "\"entities\"",
    "\"format\"", "\"endpoint\"", "\"uri\"", "\"throttling\"", "\"(((\"", "\"a=>1\"", "\"(a|b)*\"",
    "\"2020-01-01T00:00:00Z\"", "\"ftp://x\"", "\"http://\"", "\"@none\"", "\"\\u0061\"",
    "\"notificationTrigger\"", "[\"entityUpdated\"]", "\"simplified\"",
  ].map { Array($0.utf8) }

  private static let kinds: Set<NGSILDError.Kind> = [
    .badRequestData, .invalidRequest, .tooComplexQuery, .operationNotSupported,
  ]

  @Test("are refused with a reason, or come back from what is stored")
  func mutations() throws {
    var generator = SeededGenerator(printingSeedOf: "mutated subscriptions")
    let parser = SubscriptionParser(context: .core)
    let old = try parse(String(decoding: Self.bodies[0], as: UTF8.self))
    var accepted = 0
    for _ in 0..<GeneratedCases.subscriptions.count {
      let bytes = generator.mutateJSON(generator.pick(Self.bodies), with: Self.pieces)
      guard let body = try? JSONValue(parsing: bytes) else { continue }
      let results = [
        read { () throws(NGSILDError) in
          try parser.subscription(body, generatedID: "urn:s:2", at: now)
        },
        read { () throws(NGSILDError) in try parser.update(old, with: body, at: later) },
      ]
      accepted += results.count { $0 == .accepted }
      for case .wrong(let problem) in results {
        Issue.record("seed \(generator.seed): \(body.rawText) \(problem)")
        return
      }
    }
    #expect(accepted > GeneratedCases.subscriptions.count / 10)
  }

  private enum Reading: Equatable {
    case accepted, refused
    case wrong(String)
  }

  private func read(_ parse: () throws(NGSILDError) -> Subscription) -> Reading {
    do throws(NGSILDError) {
      let stored = try parse().stored
      guard let document = try? JSONValue(parsing: stored),
        let again = try? Subscription(stored: document, createdAt: now, modifiedAt: now),
        again.stored == stored
      else { return .wrong("is stored as \(String(decoding: stored, as: UTF8.self))") }
      return .accepted
    } catch {
      return Self.kinds.contains(error.kind) && !error.detail.isEmpty
        ? .refused : .wrong("fails with \(error)")
    }
  }
}
