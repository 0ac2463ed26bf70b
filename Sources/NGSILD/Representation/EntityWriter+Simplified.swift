import JSON

/// Attributes in the simplified representation (4.5.4).
extension EntityWriter {
  /// Several instances of one Attribute.
  mutating func write(
    datasets instances: [JSONView], linkingBy relationship: JSONView?, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.name("dataset")
    writer.beginObject()
    for instance in instances {
      writer.name(instance["datasetId"]?.value.string ?? "@none")
      writeValue(of: instance, linkingBy: relationship, to: &writer)
    }
    writer.endObject()
    writer.endObject()
  }

  mutating func writeValue(
    of instance: JSONView, linkingBy relationship: JSONView? = nil, to writer: inout JSONWriter
  ) {
    guard instance["deletedAt"] == nil else {
      writer.string("\(ngsildNull)")
      return
    }
    for (name, value) in instance.members {
      guard let member = CoreMember(stored: name.contents), member.attributeType != nil else {
        continue
      }
      if let relationship, member == .object || member == .objectList {
        writeObjects(value, by: relationship, to: &writer)
        return
      }
      switch member {
      case .objectList:
        writer.beginArray()
        for element in value.elements { element["object"].map { writer.value($0) } }
        writer.endArray()
      case .languageMap where translates: writer.value(translation(in: value).text)
      case .languageMap, .json, .vocab:
        writer.beginObject()
        writer.name(member.term)
        if member == .vocab { write(names: value, to: &writer) } else { writer.value(value) }
        writer.endObject()
      default: writer.value(value)
      }
      return
    }
  }
}
