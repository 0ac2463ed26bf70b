import HTTPServer
import JSON
import NGSILD

extension HTTPResponse {
  /// 207 with the ids of Entities that an operation on several succeeded and failed on (5.2.16).
  static func batchOperationResult(
    success: [String], errors: [(id: String, error: NGSILDError)]
  ) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("success")
    writer.beginArray()
    for id in success { writer.string(id) }
    writer.endArray()
    writer.name("errors")
    writer.beginArray()
    for (id, error) in errors {
      writer.beginObject()
      writer.name("entityId")
      writer.string(id)
      writer.name("error")
      ProblemDetails(error).write(to: &writer)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return .plainJSON(writer.bytes, status: 207)
  }
}
