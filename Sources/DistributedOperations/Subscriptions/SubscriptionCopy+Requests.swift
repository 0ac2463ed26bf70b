import JSON
import NGSILD
package import Subscriptions

/// The requests by which a Context Source gets, changes and loses its copy of a Subscription.
///
/// Standard: GS CIM 009, 5.8.1.4, 5.8.2.4 and 5.8.5.4.
extension SourceAddress {
  package func creation(of copy: Subscription) -> SourceRequest {
    let body = copy.written(naming: context).withRaw { Array($0) }
    return request("POST", "/subscriptions", body: .object(body), marksLocal: false)
  }

  /// nil where nothing has changed.
  ///
  /// - Parameters:
  ///   - id: by which the source knows the copy.
  ///   - old: nil where it is not known what the source has.
  package func update(
    of id: String, from old: Subscription?, to new: Subscription
  ) -> SourceRequest? {
    let fragment = fragment(
      from: old?.written(naming: context), to: new.written(naming: context))
    return fragment.map {
      request("PATCH", path(of: id), body: .object($0), marksLocal: false)
    }
  }

  package func deletion(ofCopy id: String) -> SourceRequest {
    request("DELETE", path(of: id), marksLocal: false)
  }

  private func path(of id: String) -> String { "/subscriptions/\(pathSegment(id))" }
}

/// The members in which `new` differs from `old`; those that it has no more are Null, which removes
/// them (5.5.8). nil if there are none.
private func fragment(from old: JSONValue?, to new: JSONValue) -> [UInt8]? {
  let names = Set((old?.names ?? []) + new.names).subtracting(["id", "type"]).sorted()
  let changed = names.filter { old?[named: $0] != new[named: $0] }
  guard !changed.isEmpty else { return nil }
  var writer = JSONWriter()
  writer.beginObject()
  for name in changed {
    writer.name(name)
    if let object = new[named: name], object.isObject {
      writer.write(object, replacing: old?[named: name])
    } else {
      writer.valueOrNull(new[named: name])
    }
  }
  writer.endObject()
  return writer.bytes
}

extension JSONValue {
  fileprivate var names: [String] { members.compactMap(\.name.string) }
}

extension JSONWriter {
  /// Writes an object whole, and Null for members that only `old` has.
  fileprivate mutating func write(_ object: JSONValue, replacing old: JSONValue?) {
    beginObject()
    for name in object.names + (old?.names.filter { object[named: $0] == nil } ?? []) {
      self.name(name)
      valueOrNull(object[named: name])
    }
    endObject()
  }

  fileprivate mutating func valueOrNull(_ value: JSONValue?) {
    if let value { self.value(value) } else { string("\(ngsildNull)") }
  }
}
