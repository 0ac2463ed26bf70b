import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Registrations
import Testing

@Suite("Matching of registrations")
struct RegistrationMatchingTests {
  private static let room = #"[{"entities": [{"type": "Room"}]}]"#
  private static let room1 = #"[{"entities": [{"type": "Room", "id": "urn:e:1"}]}]"#
  private static let pattern = #"[{"entities": [{"type": "Room", "idPattern": "^urn:e:.*7$"}]}]"#
  private static let normalForms =
    "[{\"entities\": [{\"type\": \"Room\", \"idPattern\": \"^urn:\u{e9}\"}, {\"type\": \"Room\", \"idPattern\": \"^urn:e\u{301}\"}]}]"
  /// The mark is an alternative of its own, not a part of the sign before it.
  private static let mark =
    "[{\"entities\": [{\"type\": \"Room\", \"idPattern\": \"^urn:a|\u{301}\"}]}]"
  private static let both = #"[{"entities": [{"type": ["Room", "Hall"]}]}]"#
  private static let anyType = #"[{"entities": [{"id": "urn:e:1"}]}]"#
  private static let attributes = #"[{"propertyNames": ["a"], "relationshipNames": ["b"]}]"#
  private static let roomWithA = #"[{"entities": [{"type": "Room"}], "propertyNames": ["a"]}]"#
  private static let parts =
    #"[{"entities": [{"type": "Room"}], "propertyNames": ["a"]}, {"entities": [{"type": "Hall"}]}]"#

  @Test(
    "Entity information and Attributes decide",
    arguments: [
      (room, ["type": "Room"], true), (room, ["type": "Hall"], false), (room, [:], true),
      (room, ["type": "Hall|Room"], true), (room, ["type": "(Hall;Room)"], false),
      (both, ["type": "(Hall;Room)"], true), (both, ["type": "Room"], true),
      (room, ["type": "*"], true), (room, ["id": "urn:e:1"], true),
      (room, ["type": "Room", "id": "urn:e:1"], true),
      (room, ["type": "Room", "idPattern": "x"], true),
      (room1, ["type": "Room"], true), (room1, ["id": "urn:e:1"], true),
      (room1, ["id": "urn:e:0,urn:e:1"], true), (room1, ["id": "urn:e:2"], false),
      (room1, ["type": "Hall", "id": "urn:e:1"], false),
      (room1, ["type": "Room", "idPattern": "1$"], true),
      (room1, ["type": "Room", "idPattern": "2$"], false),
      (pattern, ["type": "Room"], true), (pattern, ["id": "urn:e:47"], true),
      (pattern, ["id": "urn:e:48"], false), (pattern, ["type": "Room", "idPattern": "8$"], true),
      (normalForms, ["id": "urn:\u{e9}1"], true), (normalForms, ["id": "urn:e\u{301}1"], true),
      (mark, ["id": "urn:b:e\u{301}"], true),
      (anyType, ["type": "Hall", "id": "urn:e:1"], true), (anyType, ["type": "Hall"], true),
      (attributes, ["type": "Hall"], true), (attributes, ["attrs": "a"], true),
      (attributes, ["attrs": "c,b"], true), (attributes, ["attrs": "c"], false),
      (roomWithA, ["type": "Room", "attrs": "a"], true),
      (roomWithA, ["type": "Room", "attrs": "c"], false),
      (roomWithA, ["type": "Room", "q": "a>1"], true),
      (roomWithA, ["type": "Room", "q": "c>1"], false),
      (parts, ["type": "Hall", "attrs": "c"], true),
      (parts, ["type": "Room", "attrs": "c"], false),
      (
        roomWithA,
        ["type": "Room", "georel": "within", "geometry": "Point", "coordinates": "[1,2]"], false
      ),
    ])
  func rules(information: String, parameters: [String: String], isMatch: Bool) throws {
    let specification = try specification(parameters)
    let compiled = try compile(information)
    #expect(!compiled.registration.information(matching: specification).isEmpty == isMatch)
    // The index finds what matches.
    var index = RegistrationIndex()
    index.insert(compiled)
    #expect(!index.matches(for: specification, at: now).isEmpty == isMatch)
  }

  @Test("an Entity of which the types are not known is looked for whatever they are")
  func unknownTypes() throws {
    let room = try registration(Self.room)
    #expect(room.information(matching: EntitySpecification(id: IRI("urn:e:1"))).count == 1)
    let hall = Context.core.expand("Hall")
    #expect(
      room.information(matching: EntitySpecification(id: IRI("urn:e:1"), types: [hall])).isEmpty)
  }

  @Test("what matches is told with the matching Entities alone")
  func narrowed() throws {
    let information = """
      [{"entities": [{"type": "Room"}, {"type": "Hall"}], "propertyNames": ["a"]},
       {"entities": [{"type": "Bus"}]}, {"propertyNames": ["b"]}]
      """
    let found = try registration(information).information(
      matching: specification(["type": "Room"]))
    #expect(found.map { $0.entities.flatMap(\.types).map(Context.core.compact) } == [["Room"], []])
  }

  @Test(
    "instances exclude a source that has none of them",
    arguments: [
      ("", "urn:d:1", true), (#""datasetId": ["urn:d:1"]"#, "urn:d:1", true),
      (#""datasetId": ["urn:d:1"]"#, "urn:d:2", false),
      (#""datasetId": ["urn:d:1"]"#, "@none", false), (#""datasetId": ["@none"]"#, "@none", true),
    ])
  func datasets(members: String, asked: String, isMatch: Bool) throws {
    let found = try registration(Self.room, members).information(
      matching: specification(["type": "Room", "datasetId": asked]))
    #expect(!found.isEmpty == isMatch)
  }

  @Test(
    "intervals are compared with what is asked for",
    arguments: [
      (nil, nil, "observedAt", true), ("observation", nil, "observedAt", false),
      ("observation", "before 2020-06-01", "observedAt", true),
      ("observation", "before 2019-06-01", "observedAt", false),
      ("observation", "before 2022-06-01", "observedAt", true),
      ("observation", "after 2021-01-01", "observedAt", true),
      ("observation", "after 2019-01-01", "observedAt", true),
      ("observation", "after 2021-06-01", "observedAt", false),
      ("observation", "between 2019-01-01 2020-01-01", "observedAt", true),
      ("observation", "between 2018-01-01 2019-01-01", "observedAt", false),
      ("observation", "before 2020-06-01", "modifiedAt", false),
      ("management", "before 2020-06-01", "modifiedAt", true),
      ("management", "before 2020-06-01", "createdAt", true),
      (nil, "before 2020-06-01", "observedAt", false),
    ] as [(String?, String?, String, Bool)])
  func intervals(
    interval: String?, asked: String?, timeproperty: String, covers: Bool
  ) throws {
    let members = interval.map {
      #""\#($0)Interval": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2021-01-01T00:00:00Z"}"#
    }
    let query = try asked.map { text in
      let parts = text.split(separator: " ").map(String.init)
      return TemporalQuery(
        interval: try TemporalInterval(
          timerel: parts[0], timeAt: parts[1] + "T00:00:00Z",
          endTimeAt: parts.count > 2 ? parts[2] + "T00:00:00Z" : nil),
        timeproperty: try #require(.init(rawValue: timeproperty)))
    }
    #expect(try registration(Self.room, members ?? "").covers(query) == covers)
  }

  @Test(
    "csf looks at Context Source Properties and at what the standard has",
    arguments: [
      (#"sourceType=="sensor""#, true), (#"sourceType=="robot""#, false), ("level>3", true),
      (#"mode=="inclusive""#, true), (#"endpoint~="^http://source""#, true), ("missing", false),
      ("location", true),
    ])
  func sourceQuery(text: String, holds: Bool) throws {
    let compiled = try compile(
      Self.room,
      #""sourceType": {"type": "Property", "value": "sensor"}, "level": 4, "location": {"type": "Point", "coordinates": [1, 2]}"#
    )
    let query = try Query(parsing: text, as: "csf", expander: Context.core)
    #expect(compiled.satisfies(query, at: now) == holds)
  }

  @Test("the index forgets, replaces, and leaves out what has expired")
  func changes() throws {
    let specification = try specification(["type": "Room"])
    var index = RegistrationIndex()
    #expect(index.isEmpty)
    index.insert(try compile(Self.room, #""expiresAt": "2099-01-01T00:00:00Z""#, key: 1))
    index.insert(try compile(Self.pattern, key: 2))
    #expect(index.candidates(for: specification, at: now).map(\.key) == [1, 2])
    #expect(index.candidates(for: specification, at: .latest).map(\.key) == [2])
    #expect(index[id: "urn:r:2"]?.key == 2)
    index.insert(try compile(Self.attributes, key: 2))
    #expect(index.candidates(for: specification, at: now).map(\.key) == [1, 2])
    index.insert(try compile(#"[{"entities": [{"type": "Hall"}]}]"#, key: 2))
    #expect(index.candidates(for: specification, at: now).map(\.key) == [1])
    index.remove(1)
    index.remove(2)
    #expect(index.isEmpty)
  }

  @Test("of 10,000 registrations, a look-up meets only those that it concerns")
  func many() throws {
    var index = RegistrationIndex()
    for key in 1...10_000 {
      let entity = #"{"type": "T\#(key % 5000)", "idPattern": "^urn:ngsi-ld:T\#(key):"}"#
      index.insert(
        try compile(
          #"[{"entities": [\#(entity)], "propertyNames": ["a\#(key)"]}]"#, key: Int64(key)))
    }
    for (parameters, keys) in [
      (["type": "T17"], [17, 5017]), (["attrs": "a33"], [33]),
      (["type": "T17", "attrs": "a5017"], [5017]), (["id": "urn:ngsi-ld:T44:x"], [44]),
      (["type": "T17", "id": "urn:ngsi-ld:T17:x"], [17]), (["type": "T17", "id": "urn:x:1"], []),
    ] as [([String: String], [RegistrationKey])] {
      let specification = try specification(parameters)
      let clock = ContinuousClock()
      var fastest = Duration.seconds(1)
      for _ in 0..<20 {
        fastest = min(
          fastest, clock.measure { _ = index.candidates(for: specification, at: now) })
      }
      #expect(index.candidates(for: specification, at: now).map(\.key) == keys)
      // An unoptimized build takes several times as long as the goal, 100 µs.
      #expect(fastest < .milliseconds(2), "\(parameters)")
    }
  }
}

@Suite("Conflicts of registrations")
struct RegistrationConflictTests {
  private static let speed1 =
    #"[{"entities": [{"type": "Car", "id": "urn:e:1"}], "propertyNames": ["speed"]}]"#
  private static let name1 =
    #"[{"entities": [{"type": "Car", "id": "urn:e:1"}], "propertyNames": ["name"]}]"#
  private static let cars = #"[{"entities": [{"type": "Car"}]}]"#
  private static let buses = #"[{"entities": [{"type": "Bus"}]}]"#

  @Test(
    "what one source alone has, no other may have",
    arguments: [
      (speed1, "exclusive", speed1, "exclusive", true),
      (speed1, "exclusive", speed1, "redirect", true),
      (speed1, "redirect", speed1, "exclusive", true),
      (speed1, "redirect", speed1, "redirect", false),
      (speed1, "exclusive", speed1, "inclusive", false),
      (speed1, "exclusive", speed1, "auxiliary", false),
      (speed1, "inclusive", speed1, "exclusive", false),
      (speed1, "exclusive", name1, "exclusive", false),
      (speed1, "exclusive", cars, "redirect", true),
      (speed1, "exclusive", buses, "redirect", false),
      (cars, "redirect", speed1, "exclusive", true),
      (buses, "redirect", speed1, "exclusive", false),
    ])
  func modes(
    first: String, firstMode: String, second: String, secondMode: String, excludes: Bool
  ) throws {
    var index = RegistrationIndex()
    index.insert(try compile(first, #""mode": "\#(firstMode)""#, key: 1))
    let other = try registration(second, #""mode": "\#(secondMode)""#)
    #expect((index.conflict(with: other, at: now) != nil) == excludes)
    #expect(index.conflict(with: other, replacing: 1, at: now) == nil)
  }

  @Test("what has expired excludes nothing")
  func expired() throws {
    var index = RegistrationIndex()
    let members = #""mode": "exclusive", "expiresAt": "2099-01-01T00:00:00Z""#
    index.insert(try compile(Self.speed1, members, key: 1))
    let other = try registration(Self.speed1, #""mode": "exclusive""#)
    #expect(index.conflict(with: other, at: now) != nil)
    #expect(index.conflict(with: other, at: .latest) == nil)
  }
}
