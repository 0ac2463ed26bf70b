import JSON
import JSONLD
import NGSILD

/// What a source gets of a client's body: its own part, in names that it understands, else as the
/// client wrote it.
struct BodyPart {
  private let share: WritePlan.Share
  private let source: Context
  private let target: Context

  /// - Parameters:
  ///   - source: the context that the body was written in.
  ///   - target: the one that it is read in.
  init(of share: WritePlan.Share, from source: Context, to target: Context) {
    self.share = share
    self.source = source
    self.target = target
  }

  /// Whether names are to be replaced.
  private var renames: Bool { source !== target && source.bodyValue != target.bodyValue }

  /// An Entity or a fragment of one: its own members, and the Attributes of the share.
  func entity(_ body: JSONValue) -> [UInt8] {
    object(of: body) { name, value, writer in
      guard let member = CoreMember(meaningOf: name, in: source) else {
        guard share.includes(source.expand(name)) else { return }
        writer.name(renamed(name))
        return write(attribute: value, to: &writer)
      }
      guard member != .context else { return }
      writer.name(name)
      if member == .type { write(names: value, to: &writer) } else { writer.value(value) }
    }
  }

  /// The body of an operation on one Attribute.
  func attribute(_ body: JSONValue) -> [UInt8] {
    object(of: body) { name, value, writer in
      guard name != "@context" else { return }
      write(member: name, value, to: &writer)
    }
  }

  private func object(
    of body: JSONValue, _ write: (String, JSONValue, inout JSONWriter) -> Void
  ) -> [UInt8] {
    var writer = JSONWriter(reservingCapacity: body.rawRange.count)
    writer.beginObject()
    for (name, value) in body.members { write(name.string ?? "", value, &writer) }
    writer.endObject()
    return writer.bytes
  }

  // MARK: Names

  private func renamed(_ name: String) -> String {
    renames ? target.compact(source.expand(name)) : name
  }

  private func write(attribute value: JSONValue, to writer: inout JSONWriter) {
    guard renames, value.isObject || value.isArray else { return writer.value(value) }
    if value.isArray {
      writer.beginArray()
      for element in value.elements { write(attribute: element, to: &writer) }
      return writer.endArray()
    }
    guard isInstance(value) else { return writer.value(value) }
    writer.beginObject()
    for (name, value) in value.members { write(member: name.string ?? "", value, to: &writer) }
    writer.endObject()
  }

  private func write(member name: String, _ value: JSONValue, to writer: inout JSONWriter) {
    guard let member = CoreMember(meaningOf: name, in: source) else {
      writer.name(renamed(name))
      return write(attribute: value, to: &writer)
    }
    writer.name(name)
    switch member {
    case .vocab, .objectType: write(names: value, to: &writer)
    default: writer.value(value)
    }
  }

  private func write(names value: JSONValue, to writer: inout JSONWriter) {
    guard renames else { return writer.value(value) }
    if let name = value.string, !value.isNGSILDNull {
      writer.string(renamed(name))
    } else if value.isArray {
      writer.beginArray()
      for element in value.elements { write(names: element, to: &writer) }
      writer.endArray()
    } else {
      writer.value(value)
    }
  }

  /// Whether an object is an Attribute instance and no mere value.
  private func isInstance(_ object: JSONValue) -> Bool {
    object.members.contains { name, _ in
      guard let member = CoreMember(meaningOf: name.string ?? "", in: source) else { return false }
      return member.isOfAttributes
    }
  }
}

extension CoreMember {
  /// nil for the name of an Attribute.
  fileprivate init?(meaningOf name: String, in context: Context) {
    if name == "@context" {
      self = .context
      return
    }
    guard case .coreTerm(let term) = context.member(name) else { return nil }
    self.init(term)
  }

  fileprivate var isOfAttributes: Bool {
    switch self {
    case .context, .id, .scope: false
    default: true
    }
  }
}
