import JSON
import JSONLD

/// The body of a request to a Context Source: JSON objects without `@context`, or ids.
package enum SourceBody: Hashable, Sendable {
  case object([UInt8])
  case objects([[UInt8]])
  case ids([String])

  /// - Parameter context: what each object gets as its `@context`; nil where a Link header names
  ///   it.
  func bytes(embedding context: Context?) -> [UInt8] {
    switch self {
    case .object(let object): return Self.embed(context, in: object)
    case .objects(let objects):
      var bytes = [UInt8(ascii: "[")]
      for object in objects {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes += Self.embed(context, in: object)
      }
      return bytes + [UInt8(ascii: "]")]
    case .ids(let ids):
      var writer = JSONWriter()
      writer.beginArray()
      for id in ids { writer.string(id) }
      writer.endArray()
      return writer.bytes
    }
  }

  private static func embed(_ context: Context?, in object: [UInt8]) -> [UInt8] {
    guard let context else { return object }
    let separator = object.count > 2 ? "," : ""
    return Array("{\"@context\":".utf8) + context.bodyValue + Array(separator.utf8)
      + object.dropFirst()
  }
}
