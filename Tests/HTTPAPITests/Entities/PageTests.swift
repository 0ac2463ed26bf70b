import TestSupport
import Testing

/// Pages of Entities and the links between them (GS CIM 009, 5.5.9, 6.3.10).
@Suite("Pages of Entities")
struct PageTests {
  /// Creates one after the other; returns their ids in that order.
  private func makeTwenty(_ client: TestClient) async throws -> [String] {
    let ids = (0..<20).map { "urn:x:\($0)" }
    for (number, id) in ids.enumerated() {
      try await client.create(entity(id, number % 3 == 0 ? "A" : "B"))
    }
    return ids
  }

  private func delete(_ id: String, _ client: TestClient) async throws {
    #expect(try await client.send("DELETE", "entities/\(id)").status == 204)
  }

  @Test(
    "they cover everything once, with and without a count",
    arguments: [1, 3, 7, 20], ["", "&count=true"])
  func pages(limit: Int, count: String) async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      var seen: [String] = []
      var target: String? = "entities?type=A,B&limit=\(limit)\(count)"
      while let page = target {
        let response = try await client.send("GET", page)
        #expect(response["NGSILD-Results-Count"] == (count.isEmpty ? nil : "20"))
        #expect(response.ids.count <= limit)
        seen += response.ids
        target = response.link("next")
        #expect((target == nil) == (seen.count == 20))
        #expect((response.link("prev") != nil) == (seen.count > limit))
      }
      #expect(seen == ids)
    }
  }

  @Test(
    "what is deleted, changed or created meanwhile moves nothing from one page to another",
    arguments: ["", "&count=true"])
  func besideWrites(count: String) async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      var response = try await client.send("GET", "entities?type=A,B&limit=4\(count)")
      var seen = response.ids
      for (deleted, changed) in [(0, 5), (3, 17), (9, 1), (18, 19)] {
        try await delete(ids[deleted], client)
        let change = try await client.send("PATCH", "entities/\(ids[changed])/attrs", #"{"n":1}"#)
        #expect([204, 207].contains(change.status))
        try await client.create(entity("urn:y:\(deleted)", "B"))
        response = try await client.send("GET", try #require(response.link("next")))
        seen += response.ids
      }
      while let next = response.link("next") {
        response = try await client.send("GET", next)
        seen += response.ids
      }
      // The last of the deleted had not been shown yet.
      #expect(seen == ids.filter { $0 != ids[18] } + [0, 3, 9, 18].map { "urn:y:\($0)" })
    }
  }

  @Test("the way back shows what the way there did, but for what is gone")
  func backwards() async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      var response = try await client.send("GET", "entities?type=A,B&limit=6")
      while let next = response.link("next") { response = try await client.send("GET", next) }
      #expect(response.ids == Array(ids[18...]))
      let deleted = [2, 13, 18, 19].map { ids[$0] }
      for id in deleted { try await delete(id, client) }
      var seen: [String] = []
      while let previous = response.link("prev") {
        response = try await client.send("GET", previous)
        seen = response.ids + seen
        #expect(response.link("next") != nil)
      }
      #expect(seen == ids.filter { !deleted.contains($0) })
    }
  }

  @Test("a page of which all is gone leads to its neighbours")
  func empty() async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      let first = try await client.send("GET", "entities?type=A,B&limit=18")
      for id in ids[18...] { try await delete(id, client) }
      let last = try await client.send("GET", try #require(first.link("next")))
      #expect(last.ids.isEmpty && last.link("next") == nil)
      let back = try await client.send("GET", try #require(last.link("prev")))
      #expect(back.ids == Array(ids[..<18]) && back.link("prev") == nil)
    }
  }

  @Test("queries by POST have such links, too")
  func byPost() async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      let body = #"{"type":"Query","entities":[{"type":"A"},{"type":"B"}]}"#
      let path = "entityOperations/query"
      let first = try await client.send("POST", "\(path)?limit=10", body)
      try await delete(ids[3], client)
      let second = try await client.send("POST", try #require(first.link("next")), body)
      #expect(first.ids + second.ids == ids)
    }
  }

  @Test("who counts and gives an offset numbers pages")
  func numbered() async throws {
    try await withTestTenant { client in
      let ids = try await makeTwenty(client)
      let first = try await client.send("GET", "entities?type=A,B&limit=5&offset=0&count=true")
      let next = try #require(first.link("next"))
      #expect(next.contains("offset=5") && !next.contains("after="))
      try await delete(ids[0], client)
      #expect(try await client.send("GET", next).ids == Array(ids[6...10]))
    }
  }

  @Test("an order of one's own goes by offsets")
  func ordered() async throws {
    try await withTestTenant { client in
      _ = try await makeTwenty(client)
      let target = "entities?type=A,B&orderBy=id&limit=6&offset=12"
      let response = try await client.send("GET", target)
      for relation in ["next", "prev"] {
        let link = try #require(response.link(relation))
        #expect(!link.contains("after=") && !link.contains("before="))
      }
      let beside = try await client.send("GET", "\(target)&after=9007199254740991")
      #expect(beside.ids == response.ids)
    }
  }

  @Test(
    "places that are none are refused",
    arguments: ["after=x", "after=-1", "before=9223372036854775807", "after=1&before=2", "after="])
  func refusals(parameter: String) async throws {
    try await withTestTenant { client in
      let response = try await client.send("GET", "entities?type=A&\(parameter)")
      let name = parameter.prefix { $0 != "=" }
      #expect(response.status == 400 && response.detail.contains("'\(name)'"), "\(response.text)")
    }
  }
}
