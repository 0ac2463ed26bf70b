import DistributedOperations
import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Testing

@Suite("A read of temporal evolutions asks sources for instances as they are (5.7.3, 5.7.4)")
struct TemporalReadTests {
  private static let both = #", "operations": ["retrieveTemporal", "queryTemporal"]"#
  private static let after = "timerel=after&timeAt=2026-01-01T00:00:00Z"

  private func request(_ query: String) throws -> TemporalRequest {
    let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
    let values = Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) })
    return try TemporalRequest(parameters: { values[$0] }, expander: Context.core)
  }

  @Test(
    "a query goes out with its window and conditions",
    arguments: [
      ("type=Vehicle&\(after)", false, "type=Vehicle&\(after)&options=sysAttrs"),
      (
        "type=Vehicle&\(after)&attrs=speed&q=speed>20&lastN=3", false,
        "type=Vehicle&attrs=speed&q=speed%3E20.0&\(after)&lastN=3&options=sysAttrs"
      ),
      (
        "type=Vehicle&\(after)&timeproperty=modifiedAt&datasetId=urn:x:d", false,
        "type=Vehicle&datasetId=urn:x:d&\(after)&timeproperty=modifiedAt&options=sysAttrs"
      ),
      // lastN counts periods of what is aggregated.
      ("type=Vehicle&\(after)&lastN=3", true, "type=Vehicle&\(after)&options=sysAttrs"),
      ("type=Building&\(after)", false, nil),
    ])
  func query(_ query: String, aggregates: Bool, expected: String?) throws {
    let registration = try registration("r", Self.both)
    let plan = ReadPlan(
      queryingHistory: try request(query), splits: false, aggregates: aggregates,
      from: [registration])
    let url = plan.reads.first?.request(at: address(of: registration), .init(limit: 9)).url
    let prefix = "http://source.example/ngsi-ld/v1/temporal/entities?"
    #expect(url == expected.map { "\(prefix)\($0)&limit=9" })
  }

  @Test("conditions on split Entities stay here, with the instances that they look at")
  func split() throws {
    let registration = try registration("r", Self.both)
    let plan = ReadPlan(
      queryingHistory: try request("type=Vehicle&\(Self.after)&attrs=speed&q=mass>2&lastN=1"),
      splits: true, aggregates: false, from: [registration])
    let url = try #require(
      plan.reads.first?.request(at: address(of: registration), .init(limit: 9)).url)
    #expect(url.hasSuffix("?type=Vehicle&attrs=mass,speed&\(Self.after)&options=sysAttrs&limit=9"))
  }

  @Test(
    "an evolution is retrieved by what its source knows",
    arguments: [
      ("retrieveTemporal", "lastN=2", "/urn:v:1?lastN=2&options=sysAttrs"),
      ("queryTemporal", after, "?type=Vehicle&id=urn:v:1&\(after)&options=sysAttrs&limit=1"),
      // A query needs a window.
      ("queryTemporal", "lastN=2", nil), ("retrieveEntity", after, nil),
    ])
  func retrieval(operation: String, query: String, expected: String?) throws {
    let registration = try registration("r", #", "operations": ["\#(operation)"]"#)
    let plan = ReadPlan(
      retrievingHistoryOf: "urn:v:1", try request(query), aggregates: false, from: [registration])
    let url = plan.reads.first?.request(at: address(of: registration), .init(limit: 1)).url
    #expect(url == expected.map { "http://source.example/ngsi-ld/v1/temporal/entities\($0)" })
  }

  @Test(
    "what an answer has left out is asked for from where it ended",
    arguments: [
      (after, "timerel=after&timeAt=2026-01-05T00:00:00Z"),
      (
        "timerel=before&timeAt=2026-02-01T00:00:00Z",
        "timerel=between&timeAt=2026-01-05T00:00:00Z&endTimeAt=2026-02-01T00:00:00Z"
      ),
      // Where it began, it cannot go on.
      ("timerel=after&timeAt=2026-01-05T00:00:00Z", nil), ("\(after)&lastN=2", nil),
    ])
  func rest(query: String, expected: String?) throws {
    let registration = try registration("r", Self.both)
    let plan = ReadPlan(
      queryingHistory: try request("type=Vehicle&\(query)"), splits: false, aggregates: false,
      from: [registration])
    let range = try #require(
      AnsweredRange("date-time 2026-01-01T00:00:00Z-2026-01-05T00:00:00Z/*"))
    let url = plan.reads.first?.rest(after: range)?
      .request(at: address(of: registration), .init(limit: 1)).url
    #expect(
      url.map { $0.contains("?type=Vehicle&\(expected ?? "-")&options") }
        == expected.map { _ in true })
  }

  @Test(
    "a range tells where it ends",
    arguments: [
      ("date-time 2026-01-01T00:00:00Z-2026-01-05T00:00:00.5Z/*", "2026-01-05T00:00:00.5Z"),
      ("date-time 2026-01-05T00:00:00Z-2026-01-01T00:00:00Z/20", "2026-01-01T00:00:00Z"),
      ("bytes 0-5/10", nil), ("date-time 2026-01-01T00:00:00Z/*", nil), ("date-time", nil),
    ])
  func range(header: String, end: String?) {
    #expect(AnsweredRange(header)?.end == end.flatMap { DateTime($0) })
  }

  @Test(
    "instances of one time and dataset are one, that which was modified last",
    arguments: [
      (["1 on 1", "2 on 2"], ["1", "2"]),
      (["1 on 1 modified 3", "2 on 1 modified 4"], ["2"]),
      (["1 on 1 modified 4", "2 on 1 modified 3"], ["1"]),
      (["1 on 1", "2 on 1"], ["1"]),
      (["1 on 1", "2 on 1 of urn:x:d"], ["1", "2"]),
      // Nothing tells that they are one.
      (["1", "2"], ["1", "2"]), (["1 modified 3", "2 modified 3"], ["1", "2"]),
      (["1 created 3", "1 created 3"], ["1"]),
    ])
  func merging(instances: [String], expected: [String]) throws {
    var merge = HistoryMerge(by: .observedAt)
    for instance in instances { merge.add(try evolution(instance)) }
    let merged = try #require(merge.result)
    #expect(merged.attributes.map(\.name) == [Context.core.expand("speed")])
    #expect(merged.attributes[0].instances.map(\.value.rawText) == expected)
  }

  /// An Entity with one instance; numbers beside words are days.
  private func evolution(_ instance: String) throws -> TemporalEntity {
    let words = instance.split(separator: " ").map(String.init)
    var members = [#""type":"Property","value":\#(words[0])"#]
    for place in stride(from: 1, to: words.count, by: 2) {
      let names = ["on": "observedAt", "modified": "modifiedAt", "created": "createdAt"]
      if let name = names[words[place]] {
        members.append(#""\#(name)":"2026-01-0\#(words[place + 1])T00:00:00Z""#)
      } else {
        members.append(#""datasetId":"\#(words[place + 1])""#)
      }
    }
    let body = #"{"id":"urn:v:1","type":"Vehicle","speed":[{\#(members.joined(separator: ","))}]}"#
    return try SourceAnswer.findings(JSONValue(parsing: body)) { _ in .core }[0]
  }
}
