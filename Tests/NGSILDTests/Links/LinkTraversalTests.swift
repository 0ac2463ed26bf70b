import JSON
import JSONLD
import NGSILD
import Testing

/// A stored Entity whose Relationship `r` refers to others.
private func entity(_ id: Int, _ objects: [Int]) throws -> JSONValue {
  let ids = objects.map { "\"urn:x:\($0)\"" }.joined(separator: ",")
  return try JSONValue(
    parsing: #"{"id":"urn:x:\#(id)","type":["urn:T"],"urn:r":[{"type":"Relationship","#
      + #""object":[\#(ids)]}]}"#)
}

private let now = DateTime("2026-01-01T00:00:00Z")!

@Suite("Traversal of links")
struct LinkTraversalTests {
  /// The ids that each level asks for, in a world of Entities with the objects of their links.
  private func levels(
    from first: [Int], in world: [Int: [Int]], _ join: Join, _ selection: EntitySelection = .all
  ) throws -> (asked: [[String]], linked: [String]) {
    var traversal = LinkTraversal(
      from: try first.map { try entity($0, world[$0] ?? []) }, showing: selection, join: join,
      at: now)
    var asked: [[String]] = []
    while let ids = try traversal.next() {
      asked.append(ids.map { String($0.dropFirst(6)) })
      traversal.add(
        try ids.compactMap { id in
          let number = Int(id.dropFirst(6)) ?? 0
          return try world[number].map { try entity(number, $0) }
        })
    }
    let linked = traversal.linked.compactMap { $0.entity["id"]?.string?.dropFirst(6) }
    return (asked, linked.map(String.init))
  }

  @Test("a level is asked for at once, as deep as the join says", arguments: [1, 2, 3, 10])
  func levels(level: Int) throws {
    let world = [1: [3, 4], 2: [4, 5], 3: [6], 4: [6, 7], 6: [8]]
    let (asked, linked) = try levels(from: [1, 2], in: world, Join(.flat, level: level))
    #expect(asked == Array([["3", "4", "5"], ["6", "7"], ["8"]].prefix(level)))
    // 5, 7 and 8 do not exist.
    #expect(linked == (level == 1 ? ["3", "4"] : ["3", "4", "6"]))
  }

  @Test("cycles end, and nothing is asked for twice", arguments: [Join.Form.flat, .inline])
  func cycles(form: Join.Form) throws {
    let (asked, linked) = try levels(
      from: [1], in: [1: [1, 2], 2: [3], 3: [1, 2]], Join(form, level: 10))
    #expect(asked == [["2"], ["3"]])
    #expect(linked == ["2", "3"])
  }

  @Test("what the caller has is not asked for")
  func containedBy() throws {
    let (asked, linked) = try levels(
      from: [1], in: [1: [2, 3], 2: [4], 3: []], Join(.flat, level: 2, containedBy: ["urn:x:2"]))
    #expect(asked == [["3"]])
    #expect(linked == ["3"])
  }

  @Test("only Relationships that are shown are followed")
  func selection() throws {
    let hidden = EntitySelection(members: .omit(core: [], attributes: [IRI("urn:r")]))
    #expect(try levels(from: [1], in: [1: [2], 2: []], Join(.flat), hidden).asked.isEmpty)
    let once = EntitySelection(linked: [IRI("urn:r"): hidden])
    let (asked, _) = try levels(
      from: [1], in: [1: [2], 2: [3], 3: []], Join(.flat, level: 5), once)
    #expect(asked == [["2"]])
  }

  @Test("a page that links to too many Entities is refused")
  func bound() throws {
    let many = Array(1...200)
    let world = Dictionary(uniqueKeysWithValues: many.map { ($0, many) })
    let error = #expect(throws: NGSILDError.self) {
      try levels(from: [1], in: world, Join(.inline, level: 3))
    }
    #expect(error?.kind == .tooManyResults)
    #expect(try levels(from: [1], in: world, Join(.flat, level: 3)).linked.count == 199)
  }

  @Test("instances that have expired or are not selected are not followed")
  func instances() throws {
    let entity = try JSONValue(
      parsing: """
        {"id":"urn:x:1","type":["urn:T"],"urn:r":[
        {"type":"Relationship","object":"urn:x:2"},
        {"type":"Relationship","object":"urn:x:3","datasetId":"urn:d:1"},
        {"type":"ListRelationship","objectList":[{"object":"urn:x:4"}],"datasetId":"urn:d:2"},
        {"type":"Relationship","object":"urn:x:5","datasetId":"urn:d:3",
        "expiresAt":"2025-01-01T00:00:00Z"}]}
        """)
    for (datasets, expected) in [
      (nil, ["urn:x:2", "urn:x:3", "urn:x:4"]), ([nil, "urn:d:2"], ["urn:x:2", "urn:x:4"]),
      (["urn:d:3"], nil),
    ] as [(Set<IRI?>?, [String]?)] {
      var traversal = LinkTraversal(
        from: [entity], showing: .all, join: Join(.flat), datasets: datasets, at: now)
      #expect(try traversal.next() == expected)
    }
  }
}
