import JSON
import TestSupport
import Testing

/// The Entity that most tests work on.
let room = """
  {"id":"urn:ngsi-ld:Room:1","type":"Room","scope":"/Berlin/Office",
  "temperature":{"type":"Property","value":20.5,"unitCode":"CEL","observedAt":"2026-01-01T00:00:00Z",
  "accuracy":{"type":"Property","value":0.5}},
  "label":[{"type":"Property","value":"A"},
  {"type":"Property","value":"B","datasetId":"urn:ngsi-ld:Dataset:b"}],
  "inBuilding":{"type":"Relationship","object":"urn:ngsi-ld:Building:1"},
  "location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[13.4,52.5]}}}
  """

let roomPath = "entities/urn:ngsi-ld:Room:1"

/// What `room` looks like simplified.
let simplifiedRoom = """
  {"id":"urn:ngsi-ld:Room:1","type":"Room","scope":"/Berlin/Office","temperature":20.5,
  "label":{"dataset":{"@none":"A","urn:ngsi-ld:Dataset:b":"B"}},
  "inBuilding":"urn:ngsi-ld:Building:1",
  "location":{"type":"Point","coordinates":[13.4,52.5]}}
  """

func json(_ text: String) -> JSONValue {
  guard let value = try? JSONValue(parsing: text) else { preconditionFailure("No JSON: \(text)") }
  return value
}

/// A small Entity: short names to simplified values.
func entity(_ id: String, _ type: String, _ attributes: String = "") -> String {
  #"{"id":"\#(id)","type":"\#(type)"\#(attributes.isEmpty ? "" : "," + attributes)}"#
}

extension TestClient {
  /// Stores Entities; a failure of the set-up is the test's.
  func create(_ entities: String...) async throws {
    for entity in entities {
      let response = try await send("POST", "entities", entity)
      try #require(response.status == 201, "\(response.text)")
    }
  }

  /// The stored Entity as the API shows it in full; nil if there is none.
  func stored(_ path: String = roomPath) async throws -> JSONValue? {
    let response = try await send("GET", "\(path)?options=sysAttrs")
    return response.status == 200 ? response.json : nil
  }

  func simplified(_ path: String = roomPath) async throws -> JSONValue? {
    let response = try await send("GET", "\(path)?format=simplified")
    return response.status == 200 ? response.json : nil
  }

  /// Rows of history that the tenant has.
  func historyCount() async throws -> Int {
    let tenant = tenant ?? ""
    return try await query(
      """
      SELECT count(*) FROM attribute_instance
      WHERE tenant = (SELECT id FROM tenant WHERE name = \(tenant))
      """)[0][0].int
  }
}
