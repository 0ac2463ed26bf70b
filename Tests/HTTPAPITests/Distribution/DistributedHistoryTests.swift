import JSON
import TestSupport
import Testing

@Suite("History over Context Sources (5.7.3, 5.7.4)")
struct DistributedHistoryTests {
  private static let operations = #", "operations": ["retrieveTemporal", "queryTemporal"]"#
  private static let window = "timerel=after&timeAt=2026-01-01T00:00:00Z"

  /// A hub with two sources, and a broker that holds alone what they hold together.
  private func withHolders(
    mode: String = "inclusive", _ information: String = #""entities": [{"type": "Room"}]"#,
    _ body: (_ hub: TestClient, _ a: TestClient, _ b: TestClient, _ all: TestClient) async throws
      -> Void
  ) async throws {
    try await Federation.run { federation in
      try await federation.source("a", mode: mode, information, Self.operations) { a in
        try await federation.source("b", information, Self.operations) { b in
          try await withTestTenant { all in try await body(federation.hub, a, b, all) }
        }
      }
    }
  }

  @Test(
    "instances from everywhere make one history",
    arguments: [
      "", "format=temporalValues", "attrs=size", "attrs=size&lastN=3", "lastN=2", "omit=size",
      "pick=id,name", "datasetId=urn:x:d", "datasetId=@none&lastN=1",
      "\(window)&timeproperty=observedAt", "timerel=before&timeAt=2026-01-05T00:00:00Z",
      "timerel=between&timeAt=2026-01-03T00:00:00Z&endTimeAt=2026-01-06T00:00:00Z",
      "\(window)&format=aggregatedValues&aggrMethods=avg,totalCount,max&attrs=size",
      "\(window)&format=aggregatedValues&aggrMethods=sum&aggrPeriodDuration=P2D&lastN=2&attrs=size",
      "timeproperty=deletedAt", "attrs=nothing",
    ])
  func instances(parameters: String) async throws {
    try await withHolders { hub, a, b, all in
      let holders = [hub, a, b]
      for day in 1...9 {
        for (attribute, more) in [("size", ""), ("name", #","datasetId":"urn:x:d""#)] {
          let given = history("urn:x:1", "Room", attribute, instance("\(day)", day, more))
          try await holders[day % 3].record(given, at: "?local=true")
          try await all.record(given)
        }
      }
      let expected = try await all.send("GET", "\(temporalPath)?\(parameters)")
      let found = try await hub.send("GET", "\(temporalPath)?\(parameters)")
      #expect(found.status == expected.status)
      #expect(found.all("NGSILD-Warning").isEmpty)
      if expected.status == 200 {
        #expect(found.json.withoutInstanceIDs == expected.json.withoutInstanceIDs)
      }
    }
  }

  /// Six Entities, of which each holder has two, whole.
  private func withWholeEntities(
    _ body: (_ hub: TestClient, _ all: TestClient) async throws -> Void
  ) async throws {
    try await withHolders { hub, a, b, all in
      let holders = [hub, a, b]
      let geo =
        #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[13.4,52.5]},"#
        + #""observedAt":"2026-01-02T00:00:00Z"}"#
      for number in 1...6 {
        let id = "urn:x:\(number)"
        let parts =
          [
            history(id, "Room", "size", instance("\(number)", 1), instance("\(number * 10)", 9)),
            history(id, "Room", "scope", instance(number < 4 ? #""/A""# : #""/B""#, 1)),
          ] + (number % 2 == 0 ? [history(id, "Room", "location", geo)] : [])
        for part in parts {
          try await holders[number % 3].record(part, at: "?local=true")
          try await all.record(part)
        }
      }
      try await body(hub, all)
    }
  }

  @Test(
    "Entities from everywhere are found",
    arguments: [
      "", "q=size>25", "q=size==10..30&attrs=size", "scopeQ=/A", "count=true&limit=2",
      "id=urn:x:2,urn:x:5", "idPattern=[3-5]$", "attrs=nothing", "format=temporalValues&lastN=1",
      "georel=near;maxDistance==1000&geometry=Point&coordinates=%5B13.4,52.5%5D",
      "format=aggregatedValues&aggrMethods=avg&attrs=size", "local=true", "attrs=size&lastN=1",
      "splitEntities=true&q=size>25", "splitEntities=true&scopeQ=/B&count=true",
    ])
  func entities(parameters: String) async throws {
    try await withWholeEntities { hub, all in
      let query = "temporal/entities?type=Room&\(Self.window)&\(parameters)"
      let expected = try await all.send("GET", query)
      let found = try await hub.send("GET", query)
      #expect(found.status == 200, "\(found.text)")
      #expect(found["NGSILD-Results-Count"] == expected["NGSILD-Results-Count"])
      if parameters.contains("local") {
        #expect(found.ids == ["urn:x:3", "urn:x:6"])
      } else if parameters.contains("limit") {
        #expect(found.ids.count == 2)
      } else {
        #expect(found.json.withoutInstanceIDs.sorted == expected.json.withoutInstanceIDs.sorted)
      }
    }
  }

  @Test("a query by POST goes to sources too")
  func post() async throws {
    try await withWholeEntities { hub, _ in
      let found = try await hub.send(
        "POST", "temporal/entityOperations/query",
        """
        {"type": "Query", "entities": [{"type": "Room"}], "q": "size>45",
         "temporalQ": {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}}
        """)
      #expect(Set(found.ids) == ["urn:x:5", "urn:x:6"])
    }
  }

  @Test("pages hold every Entity once, and all of each")
  func pages() async throws {
    try await withWholeEntities { hub, _ in
      var ids: [String] = []
      for offset in [0, 2, 4] {
        let page = try await hub.send(
          "GET", "temporal/entities?type=Room&\(Self.window)&limit=2&offset=\(offset)")
        ids += page.ids
        for entity in page.json.elements { #expect(entity.values(of: "size").count == 2) }
        #expect(page.all("Link").contains { $0.contains("next") } == (offset < 4))
      }
      #expect(Set(ids).count == 6 && ids.count == 6)
    }
  }

  @Test("conditions on split Entities hold for what is put together")
  func split() async throws {
    try await withHolders { hub, a, b, _ in
      try await a.record(history("urn:x:1", "Room", "size", instance("3", 1)))
      try await b.record(history("urn:x:1", "Room", "name", instance(#""x""#, 2)))
      try await hub.record(history("urn:x:1", "Room", "floor", instance("4", 3)), at: "?local=true")
      let query = "temporal/entities?type=Room&\(Self.window)&q=size==3;name==%22x%22;floor==4"
      #expect(try await hub.send("GET", query).ids == [])
      let found = try await hub.send("GET", "\(query)&splitEntities=true&attrs=size")
      #expect(found.ids == ["urn:x:1"])
      #expect(found.json.elements.map { $0.values(of: "size") } == [["3"]])
      #expect(found.json.elements.allSatisfy { $0["name"] == nil })
    }
  }

  @Test("of instances of one time, that which was modified last stays")
  func duplicates() async throws {
    try await withHolders { hub, a, b, _ in
      try await a.record(history("urn:x:1", "Room", "size", instance("1", 1), instance("5", 2)))
      try await hub.record(
        history("urn:x:1", "Room", "size", instance("2", 1), instance("6", 3)), at: "?local=true")
      try await b.record(history("urn:x:1", "Room", "size", instance("3", 1), instance("7", 3)))
      let found = try await hub.send("GET", temporalPath)
      #expect(found.json.values(of: "size") == ["3", "5", "7"])
    }
  }

  @Test(
    "what a source has claimed is not read here",
    arguments: [
      ("redirect", "", ["1"], []), ("exclusive", #", "propertyNames": ["size"]"#, ["1"], ["y"]),
    ])
  func claims(
    mode: String, attributes: String, sizes: [String], names: [String]
  ) async throws {
    let information = #""entities": [{"id": "urn:x:1", "type": "Room"}]\#(attributes)"#
    try await withHolders(mode: mode, information) { hub, a, _, _ in
      try await a.record(history("urn:x:1", "Room", "size", instance("1", 1)))
      for (attribute, value) in [("size", "2"), ("name", #""y""#)] {
        try await hub.record(
          history("urn:x:1", "Room", attribute, instance(value, 5)), at: "?local=true")
      }
      for path in [temporalPath, "temporal/entities?type=Room&\(Self.window)"] {
        let found = try await hub.send("GET", path)
        let entity = found.json.isArray ? found.json.elements.first { _ in true } : found.json
        #expect(entity?.values(of: "size") == sizes)
        #expect(entity?.values(of: "name") == names.map { "\"\($0)\"" })
      }
    }
  }

  @Test("what a source calls an instance is passed on, and what it does not say is not made up")
  func answers() async throws {
    try await ContextServer.run { server, address in
      server.set(
        "/ngsi-ld/v1/temporal/entities/urn:x:1",
        """
        {"id": "urn:x:1", "type": "Room", "size": [
          {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z",
           "instanceId": "urn:other:1", "of": {"type": "Property", "value": 2}},
          {"type": "Property", "value": 2, "observedAt": "2026-01-02T00:00:00Z"},
          {"type": "Property", "value": "urn:ngsi-ld:null", "deletedAt": "2026-01-03T00:00:00Z"}]}
        """)
      try await Federation.run { federation in
        try await federation.register("a", endpoint: address, Self.operations)
        let found = try await federation.hub.send("GET", temporalPath)
        #expect(
          found.json
            == json(
              """
              {"id": "urn:x:1", "type": "Room", "size": [
                {"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z",
                 "of": {"type": "Property", "value": 2}, "instanceId": "urn:other:1"},
                {"type": "Property", "value": 2, "observedAt": "2026-01-02T00:00:00Z"},
                {"type": "Property", "value": "urn:ngsi-ld:null",
                 "deletedAt": "2026-01-03T00:00:00Z"}]}
              """), "\(found.text)")
      }
    }
  }

  @Test(
    "a source that fails leaves a warning, and the rest is answered",
    arguments: [("http://127.0.0.1:1", "199 "), ("garbage", "111 "), ("refusal", "299 ")])
  func warnings(path: String, expected: String) async throws {
    try await ContextServer.run { server, address in
      server.set("/garbage/ngsi-ld/v1/temporal/entities/urn:x:1", #"{"id":1}"#)
      server.set("/refusal/ngsi-ld/v1/temporal/entities/urn:x:1", "{}", status: 403)
      try await Federation.run { federation in
        try await federation.register(
          "a", endpoint: path.hasPrefix("http") ? path : "\(address)/\(path)", Self.operations)
        for status in [404, 200] {
          let found = try await federation.hub.send("GET", temporalPath)
          #expect(found.status == status)
          #expect(found.all("NGSILD-Warning").map { String($0.prefix(4)) } == [expected])
          try await federation.hub.record(
            history("urn:x:1", "Room", "size", instance("1", 1)), at: "?local=true")
        }
      }
    }
  }

  @Test("a part of a source's instances makes a part of the answer's")
  func ranges() async throws {
    try await ContextServer.run { server, address in
      server.set(
        "/ngsi-ld/v1/temporal/entities/urn:x:1",
        history("urn:x:1", "Room", "size", instance("1", 1), instance("2", 2)), status: 206,
        headers: [("Content-Range", "date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*")])
      try await Federation.run { federation in
        try await federation.register("a", endpoint: address, Self.operations)
        try await federation.hub.record(
          history("urn:x:1", "Room", "name", instance("7", 1), instance("8", 3)),
          at: "?local=true")
        let found = try await federation.hub.send("GET", "\(temporalPath)?\(Self.window)")
        #expect(found.status == 206)
        #expect(
          found["Content-Range"] == "date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*")
        #expect(found.json.values(of: "size") == ["1", "2"])
        #expect(found.json.values(of: "name") == ["7"])
      }
    }
  }

  @Test("a table holds what sources have, too")
  func table() async throws {
    try await withWholeEntities { hub, all in
      let query = "temporal/entities?type=Room&\(Self.window)&attrs=size"
      var lines: [[Substring]] = []
      for client in [hub, all] {
        let reader = TestClient(client.broker, .socket, tenant: client.tenant)
        let table = try await reader.send("GET", query, headers: [("Accept", "text/csv")])
        lines.append(table.text.split(separator: "\r\n").sorted())
      }
      #expect(lines[0] == lines[1] && lines[0].count > 12)
    }
  }

  @Test("an order is refused where sources would have to keep it")
  func ordering() async throws {
    try await withHolders { hub, _, _, _ in
      for (query, status) in [
        ("type=Room", 400), ("type=Room&local=true", 200), ("type=Mark", 200),
      ] {
        let response = try await hub.send(
          "GET", "temporal/entities?\(query)&orderBy=id&\(Self.window)")
        #expect(response.status == status, "\(query)")
      }
    }
  }

  @Test("a source is asked for the time only that it has registered")
  func intervals() async throws {
    try await Federation.run { federation in
      let interval =
        #", "observationInterval": {"startAt": "2026-01-01T00:00:00Z", "#
        + #""endAt": "2026-01-05T00:00:00Z"}"#
      let members = Self.operations + interval
      try await federation.source("a", #""entities": [{"type": "Room"}]"#, members) { a in
        try await a.record(history("urn:x:1", "Room", "size", instance("1", 1), instance("2", 9)))
        for (time, ids) in [("2026-01-03", ["urn:x:1"]), ("2026-01-06", [])] {
          let found = try await federation.hub.send(
            "GET", "temporal/entities?type=Room&timerel=after&timeAt=\(time)T00:00:00Z")
          #expect(found.ids == ids)
        }
      }
    }
  }
}

extension JSONValue {
  /// The same without what each broker calls its instances.
  fileprivate var withoutInstanceIDs: JSONValue {
    var writer = JSONWriter()
    write(self, to: &writer)
    return json(String(decoding: writer.bytes, as: UTF8.self))
  }

  private func write(_ value: JSONValue, to writer: inout JSONWriter) {
    if value.isArray {
      writer.beginArray()
      for element in value.elements { write(element, to: &writer) }
      writer.endArray()
    } else if value.isObject {
      writer.beginObject()
      for (name, value) in value.members where !name.isString("instanceId") {
        name.withContents { writer.name(contents: $0) }
        write(value, to: &writer)
      }
      writer.endObject()
    } else {
      writer.value(value)
    }
  }

  /// Entities by id.
  fileprivate var sorted: [JSONValue] {
    elements.sorted { ($0["id"]?.string ?? "") < ($1["id"]?.string ?? "") }
  }
}
