import HTTPServer
import JSON

/// What the city wants to be told, and the words for it.
struct Interest {
  let name: String
  let type: String
  let attribute: String
  let condition: String
  let words: String

  static let all = [
    Interest(
      name: "dust", type: Station.type, attribute: "pm10", condition: "pm10>60",
      words: "measures PM10 of"),
    Interest(
      name: "full", type: Parking.type, attribute: "availableSpotNumber",
      condition: "availableSpotNumber<10", words: "is nearly full; free spaces:"),
    Interest(
      name: "lamp", type: StreetLight.type, attribute: "status",
      condition: #"status=="defectiveLamp""#, words: "is dark:"),
  ]

  var id: String { "urn:ngsi-ld:Subscription:demo:\(name)" }

  func subscription(endpoint: String, until expiry: String) -> String {
    let condition = condition.map { $0 == "\"" ? #"\""# : String($0) }.joined()
    return """
      {"id": "\(id)", "type": "Subscription", "expiresAt": "\(expiry)",
       "entities": [{"type": "\(type)"}], "watchedAttributes": ["\(attribute)"], "q": "\(condition)",
       "notification": {"attributes": ["name", "\(attribute)"], "format": "simplified",
         "endpoint": {"uri": "\(endpoint)", "accept": "application/json"}}}
      """
  }
}

/// Takes notifications and prints them.
///
/// `@unchecked Sendable`: called on its server's loop only.
final class Subscriber: HTTPResponder, @unchecked Sendable {
  private(set) var notifications = 0

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard let notification = try? JSONValue(parsing: request.body),
      let interest = Interest.all.first(where: {
        notification["subscriptionId"]?.string == $0.id
      })
    else { return HTTPResponse(status: 400) }
    notifications += 1
    for entity in notification["data"]?.elements.map(\.self) ?? [] {
      let name = entity["name"]?.string ?? entity["id"]?.string ?? "?"
      let value = entity[named: interest.attribute]
      say("  notified   \(name) \(interest.words) \(value?.string ?? value?.rawText ?? "?")")
    }
    return HTTPResponse(status: 204)
  }
}
