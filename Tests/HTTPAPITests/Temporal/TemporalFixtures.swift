import JSON
import TestSupport
import Testing

let temporalPath = "temporal/entities/urn:x:1"

extension TestClient {
  /// Stores the history of Entities; a failure of the set-up is the test's.
  ///
  /// - Parameter query: with its question mark.
  func record(_ entities: String..., at query: String = "") async throws {
    for entity in entities {
      let response = try await send("POST", "temporal/entities\(query)", entity)
      try #require(response.status == 201 || response.status == 204, "\(response.text)")
    }
  }
}

/// An instance of a Property, as it is given.
func instance(_ value: String, _ day: Int, _ more: String = "") -> String {
  let date = day < 10 ? "0\(day)" : "\(day)"
  return """
    {"type":"Property","value":\(value),"observedAt":"2026-01-\(date)T00:00:00Z"\(more)}
    """
}

/// The history of an Entity with one Attribute.
func history(_ id: String, _ type: String, _ attribute: String, _ instances: String...) -> String {
  history(id, type, attribute, instances)
}

func history(
  _ id: String, _ type: String, _ attribute: String, _ instances: [String]
) -> String {
  #"{"id":"\#(id)","type":"\#(type)","\#(attribute)":[\#(instances.joined(separator: ","))]}"#
}

extension JSONValue {
  /// The values of an Attribute's instances.
  func values(of attribute: String) -> [String] {
    self[named: attribute]?.elements.map { $0["value"]?.rawText ?? "" } ?? []
  }
}
