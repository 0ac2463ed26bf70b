import JSON
import JSONLD
import NGSILD
import NGSILDQuery
import Testing

private let now = DateTime("2026-01-01T00:00:00Z")!

/// An Entity in stored form, whose Attributes are short names under `https://example.org/`.
private func entity(_ attributes: String, id: String = "urn:e:1", type: String = "T") -> JSONValue {
  let text = """
    {"id":"\(id)","type":["https://example.org/\(type)"],"scope":["/A","/B/C"],
    "createdAt":"2025-01-01T00:00:00Z","modifiedAt":"2025-06-01T00:00:00.5Z",\(attributes)}
    """
  return try! JSONValue(parsing: text)
}

private func attribute(_ name: String, _ instances: String...) -> String {
  "\"https://example.org/\(name)\":[\(instances.joined(separator: ","))]"
}

private func property(_ value: String, _ more: String = "") -> String {
  #"{"type":"Property","value":\#(value)\#(more.isEmpty ? "" : "," + more)}"#
}

private func matches(_ q: String, _ entity: JSONValue, expandValues: Set<IRI> = []) throws -> Bool {
  let query = try Query(parsing: q, expander: Expander(), expandValues: expandValues)
  return query.matches(entity, at: now)
}

@Suite("q: evaluation")
struct QueryEvaluationTests {
  private let car = entity(
    [
      attribute(
        "speed", property("80.0", #""observedAt":"2025-03-01T12:00:00.00Z","unitCode":"KMH""#)),
      attribute("brand", property(#""Audi""#, attribute("source", property(#""GPS""#)))),
      attribute("flag", property("true")), attribute("tags", property(#"["x","y"]"#)),
      attribute("numbers", property("[1,5,\"a\"]")), attribute("none", property("[]")),
      attribute("esc", property(#""a\u0062\"c""#)), attribute("accent", property(#""é""#)),
      attribute(
        "address",
        property(#"{"city":"Berlin","geo":{"n":5},"list":[{"k":1},{"k":2}],"nil":null,"a.b":3}"#)),
      attribute("rows", property(#"[{"k":1},{"k":[5,6]},{"j":7}]"#)),
      attribute("since", property(#""2020-01-01T00:00:00.000Z""#)),
      attribute("day", property(#""2020-02-29""#)),
      attribute("typed", property(#"{"@type":"DateTime","@value":"2021-01-01T00:00:00Z"}"#)),
      attribute(
        "multi", property("1"), property("2", #""datasetId":"urn:d:2""#),
        property("9", #""datasetId":"urn:d:9","expiresAt":"2025-12-31T23:59:59Z""#)),
      attribute("gone", property("1", #""expiresAt":"2026-01-01T00:00:00Z""#)),
      attribute("kept", property("1", #""expiresAt":"2026-01-01T00:00:00.000001Z""#)),
      attribute(
        "name",
        #"{"type":"LanguageProperty","languageMap":{"en":"Bell","fr":["Cloche","Clochette"]}}"#),
      attribute("mute", #"{"type":"LanguageProperty","languageMap":{}}"#),
      attribute("kind", #"{"type":"VocabProperty","vocab":"https://example.org/commercial"}"#),
      attribute("kinds", #"{"type":"VocabProperty","vocab":["https://example.org/a","urn:b"]}"#),
      attribute("series", #"{"type":"ListProperty","valueList":[1,2,[3]]}"#),
      attribute("raw", #"{"type":"JsonProperty","json":{"type":"x","k":[1,{"z":2}]}}"#),
      attribute(
        "owner",
        #"{"type":"Relationship","object":"urn:p:1","objectType":"https://example.org/Person"}"#),
      attribute("parts", #"{"type":"Relationship","object":["urn:p:1","urn:p:2"]}"#),
      attribute(
        "stops",
        #"{"type":"ListRelationship","objectList":[{"object":"urn:p:1"},{"object":"urn:p:3"}]}"#),
      attribute(
        "place",
        #"{"type":"GeoProperty","value":{"type":"Point","coordinates":[1,2]}}"#),
    ].joined(separator: ","))

  @Test(
    "existence and absence",
    arguments: [
      ("speed", true), ("unknown", false), ("!speed", false), ("!unknown", true),
      ("brand.source", true), ("brand.unknown", false), ("!brand.unknown", true),
      ("speed.observedAt", true), ("brand.observedAt", false), ("gone", false), ("!gone", true),
      ("kept", true), ("place", true), ("place[type]", true), ("name[en]", true),
      ("name[de]", false), ("name[*]", true), ("name", true), ("mute", true),
      ("address[city]", true), ("address[city.x]", false), ("address[nil]", true),
      ("address[geo.n]", true), ("address[list.k]", true), ("owner", true), ("owner[x]", false),
      ("none", true), ("createdAt", true), ("expiresAt", false), ("id", true), ("scope", true),
      ("name[en.x]", false), ("stops[object]", false), ("speed[x]", false),
    ])
  func existence(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "== is equality, or membership of an array",
    arguments: [
      ("speed==80", true), ("speed==80.0", true), ("speed==8e1", true), ("speed==81", false),
      (#"speed=="80""#, false), (#"brand=="Audi""#, true), ("brand==Audi", true),
      (#"brand=="audi""#, false), ("flag==true", true), ("flag==false", false), ("flag==1", false),
      (#"flag=="true""#, false), ("tags==x", true), ("tags==z", false), ("tags==z,y", true),
      ("numbers==5", true), (#"numbers=="5""#, false), ("none==1", false),
      (#"esc=="ab\"c""#, true), ("accent==\"\u{e9}\"", true), ("accent==\"e\u{301}\"", false),
      ("speed==70..80", true), ("speed==80..90", true), ("speed==81..90", false),
      (#"brand=="A".."B""#, true), ("numbers==4..6", true), ("numbers==6..9", false),
      (#"speed=="0".."9""#, false), ("speed==1,80", true), ("unknown==1", false),
      ("brand.source==GPS", true), ("speed.unitCode==KMH", true), ("gone==1", false),
      ("address[city]==Berlin", true), ("address[geo]==5", false), ("address[list.k]==2", true),
      ("address[\"a.b\"]==3", true), ("address[nil]==1", false), ("rows[k]==6", true),
      ("rows[j]==7", true), ("rows[k]==7", false), ("series==2", true), ("series==3", false),
      ("raw[type]==x", true), ("raw[k]==1", true), ("raw[k.z]==2", true), ("raw==1", false),
      ("owner==urn:p:1", true), (#"owner=="urn:p:1""#, true), ("owner==urn:p:2", false),
      ("parts==urn:p:2", true), ("stops==urn:p:3", true), ("stops==urn:p:2", false),
      ("owner.objectType==Person", true), ("type==T", true), ("type==U", false),
      ("id==urn:e:1", true), (#"scope=="/B/C""#, true), ("place==1", false),
      ("kind==commercial", false), ("kind==<https://example.org/commercial>", true),
      (#"name=="Bell""#, true), (#"name[en]=="Bell""#, true), (#"name[fr]=="Bell""#, false),
      (#"name[fr]=="Clochette""#, true), (#"name[*]=="Cloche""#, true),
      (#"name[EN]=="Bell""#, false),
    ])
  func equality(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "!= asks that the element exists and nothing in it is equal",
    arguments: [
      ("speed!=81", true), ("speed!=80", false), (#"speed!="80""#, true), ("speed!=true", true),
      ("unknown!=1", false), ("gone!=2", false), ("tags!=x", false), ("tags!=z", true),
      ("none!=1", true), ("tags!=z,y", false), ("speed!=1,2", true), ("speed!=70..80", false),
      ("speed!=81..90", true), ("numbers!=2..4", true), ("numbers!=4..6", false),
      (#"speed!="a".."b""#, true), ("address[city]!=Paris", true), ("address[x]!=1", false),
      ("rows[k]!=1", true), ("rows[j]!=7", false), ("owner!=urn:p:2", true),
      ("owner!=urn:p:1", false),
      ("owner!=5", true), ("parts!=urn:p:2", false), ("stops!=urn:p:9", true), ("place!=1", false),
      (#"name[en]!="X""#, true), (#"name[de]!="X""#, false), (#"name[*]!="Cloche""#, false),
      (#"name[*]!="X""#, true), (#"name!="Bell""#, false), (#"name[fr]!="Cloche""#, false),
      ("address[nil]!=1", true),
    ])
  func inequality(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "order is that of numbers, strings by code unit, and instants",
    arguments: [
      ("speed>79.9", true), ("speed>80", false), ("speed>=80", true), ("speed<80", false),
      ("speed<=80", true), ("speed<81", true), (#"speed>"1""#, false), (#"brand>"Audh""#, true),
      (#"brand<"audi""#, true), (#"brand>="Audi""#, true), ("brand>1", false), ("flag>0", false),
      ("numbers>4", true), ("numbers>5", false), ("none<1", false), ("unknown<1", false),
      ("accent>z", true), ("owner>\"urn:a\"", false), ("owner<=\"urn:z\"", false),
      ("stops>\"urn:a\"", false), ("place>1", false), ("address[geo.n]>=5", true),
      ("raw[k]<2", true),
      (#"name[en]>"A""#, true), ("kind>\"https://a\"", true),
    ])
  func order(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "DateTimes, Dates and Times compare as instants, not as text",
    arguments: [
      ("since==2020-01-01T00:00:00Z", true), (#"since=="2020-01-01T00:00:00Z""#, true),
      ("since!=2020-01-01T00:00:00Z", false), ("since>2019-12-31T23:59:59.9Z", true),
      (#"since>"2019-12-31T23:59:59.9Z""#, true), ("since<=2020-01-01T00:00:00Z", true),
      ("since<2020-01-01T00:00:00.000001Z", true), ("since==2020-01-01", false),
      ("since!=2020-01-01", true), ("day==2020-02-29", true), ("day>2020-02-28", true),
      (#"day<"2020-03-01""#, true), ("day>2020-02-28T00:00:00Z", false),
      ("typed==2021-01-01T00:00:00.0Z", true), ("typed>2020-01-01T00:00:00Z", true),
      ("speed.observedAt==2025-03-01T12:00:00Z", true),
      ("speed.observedAt>2025-03-01T12:00:00Z", false),
      ("brand==2020-01-01T00:00:00Z", false), ("brand!=2020-01-01T00:00:00Z", true),
      ("createdAt<2025-01-01T00:00:00.1Z", true), ("modifiedAt==2025-06-01T00:00:00.500Z", true),
      ("since==2019-01-01T00:00:00Z..2021-01-01T00:00:00Z", true),
      (#"since==2019-06-01T00:00:00Z,"2020-01-01T00:00:00Z""#, true),
      ("speed>2020-01-01T00:00:00Z", false),
    ])
  func instants(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "patterns are searched in strings only",
    arguments: [
      ("brand~=ud", true), ("brand~=^ud", false), ("brand!~=^ud", true), ("brand!~=ud", false),
      ("speed~=8", false), ("speed!~=x", false), ("unknown!~=x", false), ("tags~=^y$", true),
      ("tags!~=^y$", false), ("tags!~=z", true), ("numbers!~=z", true), ("none!~=z", false),
      ("owner~=urn", false), ("owner!~=x", false), ("place~=x", false),
      (#"name[fr]~="ette$""#, true), (#"name[*]!~="ette$""#, false), ("kind~=commercial$", true),
      (#"esc~="^ab\"c$""#, true), ("accent~=^.$", true),
    ])
  func patterns(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "of several instances any suffices, for every operator",
    arguments: [
      ("multi==1", true), ("multi==2", true), ("multi==3", false), ("multi!=1", true),
      ("multi!=1,2", false), ("multi>1", true), ("multi>2", false), ("multi==9", false),
      (#"multi.datasetId=="urn:d:2""#, true), (#"multi.datasetId=="urn:d:9""#, false),
      ("multi.datasetId!=urn:x", true),
    ])
  func instances(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test(
    "terms combine by AND, OR and parentheses",
    arguments: [
      ("speed>1;brand==Audi", true), ("speed>1;brand==X", false), ("speed>100|brand==Audi", true),
      ("unknown;brand|flag", true), ("(unknown|brand);flag==false", false),
      ("unknown|brand;flag==false", false), ("!unknown;(speed|x);(y|brand)", true),
    ])
  func logic(q: String, result: Bool) throws { #expect(try matches(q, car) == result) }

  @Test("names in expandValues match a VocabProperty")
  func expandValues() throws {
    #expect(try matches("kind==commercial", car, expandValues: [iri("kind")]))
    #expect(try matches("kinds==z,a", car, expandValues: [iri("kinds")]))
    #expect(try !matches("kinds!=a", car, expandValues: [iri("kinds")]))
    #expect(try !matches("kind==private", car, expandValues: [iri("kind")]))
  }

  @Test(
    "a linked path is evaluated on each Entity referred to",
    arguments: [
      ("owner{name}==Ann", true), ("owner{name}==Bob", false), ("parts{name}==Bob", true),
      ("stops{name}==Bob", false), ("owner{Person:name}==Ann", true), ("owner{Dog:name}", false),
      ("owner{Dog,Person:name}", true), ("owner{friend{name}}==Bob", true),
      ("owner{friend{Person:friend{Person:name}}}==Ann", true), ("!owner{age}", true),
      ("!owner{name}", false), ("owner{age}", false), ("speed{name}", false),
      ("unknown{name}", false), ("owner{createdAt}", true), ("stops{late}", false),
      ("parts{name}!=Ann", true),
    ])
  func links(q: String, result: Bool) throws {
    let people = [
      "urn:p:1": entity(
        attribute("name", property(#""Ann""#)) + ","
          + attribute("friend", #"{"type":"Relationship","object":"urn:p:2"}"#),
        type: "Person"),
      "urn:p:2": entity(
        attribute("name", property(#""Bob""#)) + ","
          + attribute("friend", #"{"type":"Relationship","object":"urn:p:1"}"#),
        type: "Person"),
      "urn:p:3": entity(
        attribute("late", property("1")) + #","expiresAt":"2025-01-01T00:00:00Z""#, type: "Person"),
    ]
    let query = try Query(parsing: q, expander: Expander())
    #expect(query.matches(car, at: now, linked: { people[$0.text] }) == result)
    if query.linkDepth > 0, !q.hasPrefix("!") { #expect(!query.matches(car, at: now)) }
  }

  @Test(
    "a type in another Unicode normal form is another type",
    arguments: [("r{\u{e9}:n}", true), ("r{e\u{301}:n}", false)])
  func normalForms(q: String, result: Bool) throws {
    let node = entity(attribute("r", #"{"type":"Relationship","object":"urn:p:1"}"#))
    let query = try Query(parsing: q, expander: Expander())
    let found = query.matches(node, at: now) { _ in
      entity(attribute("n", property("1")), id: "urn:p:1", type: "\u{e9}")
    }
    #expect(found == result)
  }

  @Test("the number of Entities followed is bounded")
  func fanOut() throws {
    let ids = (0..<100).map { "\"urn:n:\($0)\"" }.joined(separator: ",")
    let node = entity(attribute("r", #"{"type":"Relationship","object":[\#(ids)]}"#))
    var followed = 0
    let query = try Query(parsing: "r{r{r{r{x}}}}", expander: Expander())
    let found = query.matches(node, at: now) { _ in
      followed += 1
      return node
    }
    #expect(!found)
    #expect(followed == Query.linksMax)
  }
}
