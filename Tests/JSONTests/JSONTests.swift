import JSON
import Testing

@Suite("JSON")
struct JSONTests {
  @Test(
    "a text survives parsing and writing, less its white space",
    arguments: [
      ("null", "null"), ("true", "true"), ("-0.50e+2", "-0.50e+2"),
      ("\"a\\n\\b\\u0001\\\\\"", "\"a\\n\\b\\u0001\\\\\""),
      ("[]", "[]"), ("{}", "{}"), ("[1.0, 1e5 ,100]", "[1.0,1e5,100]"),
      ("{ \"b\" : [ {\"a\" : 1} ] ,\"a\":\"x y\" }", "{\"b\":[{\"a\":1}],\"a\":\"x y\"}"),
      ("\"\u{1F600}Ł\"", "\"\u{1F600}Ł\""),
    ])
  func roundTrip(text: String, minimal: String) throws {
    var writer = JSONWriter()
    writer.value(try JSONValue(parsing: text))
    #expect(writer.text == minimal)
  }

  @Test(
    "characters that need no escape are written as themselves",
    arguments: [
      (#""a\u00e9\n""#, #""aé\n""#), (#""\ud83d\ude00\/""#, "\"\u{1F600}/\""),
      (#""\u0022\u005c\u0009\u0001""#, #""\"\\\t\u0001""#),
      (#"{"\u0061":["\u00e9",1,{"b":"c\\"}]}"#, #"{"a":["é",1,{"b":"c\\"}]}"#),
    ])
  func needlessEscapes(text: String, minimal: String) throws {
    let value = try JSONValue(parsing: text)
    var writer = JSONWriter()
    writer.value(value)
    #expect(writer.text == minimal)
    #expect(try JSONValue(parsing: writer.text) == value)
  }

  @Test(
    "a broken text is refused with its reason",
    arguments: [
      ("", JSONError.Reason.empty), ("{", .syntax(expected: "a member name in double quotes")),
      ("{\"a\" 1}", .syntax(expected: "':'")), ("[1,]", .syntax(expected: "a value")),
      ("[1 2]", .syntax(expected: "',' or ']'")),
      ("{\"a\":1 \"b\":2}", .syntax(expected: "',' or '}'")),
      ("tru", .syntax(expected: "a value")), ("01", .syntax(expected: "the end of the text")),
      ("1.", .syntax(expected: "a digit")), ("1e", .syntax(expected: "a digit")),
      ("+1", .syntax(expected: "a value")), ("NaN", .syntax(expected: "a value")),
      ("\"a", .syntax(expected: "'\"'")),
      ("\"\\x\"", .syntax(expected: "one of \" \\ / b f n r t u after the backslash")),
      ("\"\\u12g4\"", .syntax(expected: "four hexadecimal digits")),
      ("\"\u{01}\"", .syntax(expected: "an escape in place of a control character")),
      ("\"\\ud800\"", .loneSurrogate), ("\"\\udc00\"", .loneSurrogate),
      ("\"\\ud800\\u0041\"", .loneSurrogate), ("\"\\u0000\"", .nulCharacter),
      ("{\"a\":1,\"a\":2}", .duplicateName("a")), ("{\"a\":1,\"\\u0061\":2}", .duplicateName("a")),
      ("1e999", .numberOutOfRange("1e999")), ("[[[[1]]]]", .tooDeep(depthMax: 3)),
    ])
  func refusal(text: String, reason: JSONError.Reason) {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: text, limits: JSONLimits(depthMax: 3))
    }
    #expect(error?.reason == reason)
  }

  @Test(
    "bytes that are no UTF-8 are refused",
    arguments: [
      [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xFF],
    ]
      as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: [0x22] + bytes + [0x22])
    }
    #expect(error?.reason == .invalidUTF8)
  }

  @Test("members, elements and scalars are read in place")
  func reading() throws {
    let value = try JSONValue(
      parsing: #"{"n":-1.5,"i":42,"s":"a\"b","b":true,"l":[1,[2],3],"z":null}"#)
    #expect(value.count == 6)
    #expect(value["n"]?.double == -1.5)
    #expect(value["n"]?.integer == nil)
    #expect(value["i"]?.integer == 42)
    #expect(value["s"]?.string == "a\"b")
    #expect(value["s"]?.isString("a\"b") == true)
    #expect(value["b"]?.boolean == true)
    #expect(value["l"]?.elements.map(\.rawText) == ["1", "[2]", "3"])
    #expect(value["z"]?.isNull == true)
    #expect(value["missing"] == nil)
    #expect(value.members.map { $0.name.string } == ["n", "i", "s", "b", "l", "z"])
  }

  @Test(
    "equality looks at data, not at spelling",
    arguments: [
      ("{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1e0}", true), ("[1,2]", "[2,1]", false),
      ("\"\\u0061\"", "\"a\"", true), ("1", "\"1\"", false), ("{\"a\":null}", "{}", false),
      ("\"\u{E9}\"", "\"e\u{301}\"", false), ("{\"\u{E9}\":1}", "{\"e\u{301}\":1}", false),
    ])
  func equality(one: String, other: String, equal: Bool) throws {
    #expect((try JSONValue(parsing: one) == JSONValue(parsing: other)) == equal)
  }

  @Test("each byte of a long string is looked at", arguments: Array(0..<24))
  func longStrings(place: Int) throws {
    for sign in [
      "\"", "\\", "\n", "\u{1F}", "\u{7F}", "\u{E9}", "\u{FFFF}", "\u{10FFFF}", "!", "[", "#",
    ] {
      let string = String(repeating: "a", count: place) + sign + String(repeating: "b", count: 9)
      var writer = JSONWriter()
      writer.string(string)
      #expect(try JSONValue(parsing: writer.bytes).string == string)
    }
    for byte: UInt8 in [0x00, 0x0A, 0x1F, 0x80, 0xC0, 0xFF] {
      let bytes = Array(repeating: UInt8(ascii: "a"), count: place) + [byte, 0x61, 0x61]
      #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
    }
  }

  @Test(
    "written strings are escaped so that they read back", arguments: ["", "a\"\\\n\u{01}\u{7F}é😀/"])
  func escaping(string: String) throws {
    var writer = JSONWriter()
    writer.beginArray()
    writer.string(string)
    writer.beginObject()
    writer.name(string)
    writer.integer(1)
    writer.endObject()
    writer.endArray()
    let value = try JSONValue(parsing: writer.bytes)
    #expect(Array(value.elements).first?.string == string)
    #expect(Array(value.elements).last?[named: string]?.integer == 1)
  }

  @Test(
    "a string ends, escapes and goes on at any distance from its begin",
    arguments: [
      ("\\n", "\n"), ("\\b", "\u{8}"), ("\\\"", "\""), ("\\\\", "\\"), ("é", "é"), ("😀", "😀"),
    ])
  func alignment(spelt: String, meant: String) throws {
    for before in 0..<20 {
      for after in 0..<20 {
        let (head, tail) = (
          String(repeating: "a", count: before), String(repeating: "z", count: after)
        )
        let value = try JSONValue(parsing: "[\"\(head)\(spelt)\(tail)\",1]")
        #expect(value.elements.map(\.string) == [head + meant + tail, nil])
        #expect(throws: JSONError.self) { try JSONValue(parsing: "\"\(head)\u{1F}\(tail)\"") }
      }
    }
  }
}
