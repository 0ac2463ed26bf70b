import JSON
import TestSupport

/// What an answer says: its status, the kind of an error, and its lists in order of their text.
struct ModelAnswer: Hashable {
  var status: Int
  var errorType: String?
  var lists: [String: [String]] = [:]

  static func refusal(_ refusal: ModelRefusal) -> ModelAnswer {
    let type =
      switch refusal {
      case .badRequestData: "BadRequestData"
      case .resourceNotFound: "ResourceNotFound"
      case .alreadyExists: "AlreadyExists"
      case .undefined: ""
      }
    return ModelAnswer(status: refusal.status, errorType: type)
  }
}

extension ModelAnswer {
  init(_ response: TestResponse) {
    self.init(status: response.status, errorType: response.errorType)
    let body = response.body.isEmpty ? PlainJSON.object([:]) : PlainJSON(response.json)
    switch status {
    case 201 where body.array != nil: lists["created"] = Self.texts(body)
    case 207 where body["success"] != nil:
      lists["success"] = Self.texts(body["success"])
      lists["errors"] = body["errors"]?.elements.map { item in
        "\(item["entityId"]?.string ?? "") \(item["error"]?["status"] ?? .null)"
      }.sorted()
    case 207:
      lists["updated"] = Self.texts(body["updated"])
      lists["notUpdated"] = body["notUpdated"]?.elements.map { item in
        Self.shortName(item["attributeName"]?.string ?? "")
      }.sorted()
    default: break
    }
  }

  private static func texts(_ value: PlainJSON?) -> [String] {
    (value?.elements ?? []).map { shortName($0.string ?? "") }.sorted()
  }

  /// A fully qualified name in the default context, or another text as it is.
  private static func shortName(_ text: String) -> String {
    text.replacing("https://uri.etsi.org/ngsi-ld/default-context/", with: "")
      .replacing("https://uri.etsi.org/ngsi-ld/location", with: "location")
  }
}

extension ModelAnswer: CustomStringConvertible {
  var description: String {
    let lists = lists.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: " ")
    return "\(status) \(errorType ?? "") \(lists)"
  }
}
