import JSON
import Testing

@Suite("Views of values")
struct JSONViewTests {
  /// The text that walking a view gives.
  private func walked(_ view: JSONView, _ writer: inout JSONWriter) {
    if view.isObject {
      writer.beginObject()
      for (name, value) in view.members {
        writer.name(contents: name.contents)
        walked(value, &writer)
      }
      writer.endObject()
    } else if view.isArray {
      writer.beginArray()
      for element in view.elements { walked(element, &writer) }
      writer.endArray()
    } else {
      writer.value(view)
    }
  }

  @Test(
    "show what the value holds",
    arguments: [
      "5", "\"a\\u0062\"", "[]", "{}", "[1,[2,{}],\"x\",null,true]",
      "{\"a\":{\"b\":[1,2]},\"c\\n\":-1.50e3,\"d\":{\"e\":{}}}",
    ])
  func walk(text: String) throws {
    for spaced in [text, text.replacing(",", with: " , ")] {
      var walkedText = JSONWriter()
      var copied = JSONWriter()
      try JSONValue(parsing: spaced).withView { view in
        walked(view, &walkedText)
        copied.value(view)
      }
      #expect(walkedText.text == text)
      #expect(copied.text == text)
    }
  }

  @Test("find members and give values that outlive them")
  func members() throws {
    let value = try JSONValue(parsing: #"{"a":1,"b":{"c":"x"},"d":[1,2,3]}"#)
    let inner = value.withView { $0["b"]?["c"]?.value }
    #expect(inner?.string == "x")
    value.withView { view in
      #expect(view["x"] == nil && view["a"]?["b"] == nil)
      #expect(view.count == 3 && view["d"]?.count == 3 && view["a"]?.count == 0)
      #expect(view["b"]?["c"]?.isString("x") == true && view["a"]?.isString("1") == false)
    }
  }

  @Test("a writer goes back to where it was")
  func rewinding() {
    var writer = JSONWriter()
    writer.beginArray()
    writer.integer(1)
    let position = writer.position
    writer.integer(2)
    writer.beginObject()
    writer.rewind(to: position)
    writer.integer(3)
    writer.endArray()
    #expect(writer.text == "[1,3]")
  }
}
