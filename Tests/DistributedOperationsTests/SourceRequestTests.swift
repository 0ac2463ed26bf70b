import DistributedOperations
import JSON
import JSONLD
import NGSILD
import Registrations
import Testing

@Suite("Requests to sources (4.3.6, 6.3.18)")
struct SourceRequestTests {
  @Test(
    "the path follows the endpoint, however it is written",
    arguments: [
      ("http://s:1026", "http://s:1026/ngsi-ld/v1/entities"),
      ("http://s:1026/", "http://s:1026/ngsi-ld/v1/entities"),
      ("http://s:1026/ngsi-ld/v1", "http://s:1026/ngsi-ld/v1/entities"),
      ("http://s:1026/ngsi-ld/v1/", "http://s:1026/ngsi-ld/v1/entities"),
      ("https://s/broker1", "https://s/broker1/ngsi-ld/v1/entities"),
    ])
  func urls(endpoint: String, expected: String) throws {
    let registration = try registration(endpoint: endpoint)
    #expect(address(of: registration).request("GET", "/entities").url == expected)
  }

  @Test("values are percent-encoded")
  func encoding() throws {
    let request = try address(of: registration())
      .request("GET", "/entities", [("q", "name==\"A&B\"")])
    #expect(request.url.hasSuffix("/entities?q=name%3D%3D%22A%26B%22"))
  }

  @Test("the tenant is that of the registration, or none")
  func tenant() throws {
    #expect(try headers(of: registration())["NGSILD-Tenant"] == nil)
    let north = try registration("r", #", "tenant": "north""#)
    #expect(headers(of: north)["NGSILD-Tenant"] == "north")
  }

  @Test("a source that wants to be asked for its own data alone is")
  func localOnly() throws {
    let registration = try registration("r", #", "management": {"localOnly": true}"#)
    #expect(address(of: registration).request("GET", "/entities").url.hasSuffix("?local=true"))
  }

  @Test(
    "who has passed a request on is told",
    arguments: [
      ([], "1.1 me"), (["1.1 a"], "1.1 a, 1.1 me"), (["1.1 a", "1.1 b"], "1.1 a, 1.1 b, 1.1 me"),
    ])
  func via(fields: [String], expected: String) throws {
    #expect(try headers(of: registration(), via: Via(fields))["Via"] == expected)
  }

  @Test(
    "brokers in a Via are recognized, however they are written",
    arguments: [
      ("1.1 a", true), ("HTTP/1.1 a", true), ("1.1 b, 1.1 a (x)", true), ("1.1 ab", false),
      ("a", false), ("", false), (",,", false),
    ])
  func aliases(field: String, contains: Bool) {
    #expect(Via([field]).contains("a") == contains)
  }

  @Test(
    "a body holds the source's part alone, as the client wrote it",
    arguments: [
      (
        WritePlan.Share.all,
        #"{"id":"urn:v:1","type":"Vehicle","speed":{"type":"Property","value":1.50},"name":"x"}"#
      ),
      (
        .these([Context.core.expand("name").text]), #"{"id":"urn:v:1","type":"Vehicle","name":"x"}"#
      ),
    ])
  func parts(share: WritePlan.Share, expected: String) throws {
    let body = try JSONValue(
      parsing: #"{"id":"urn:v:1","type":"Vehicle","speed":{"type":"Property","value":1.50},"#
        + #""name":"x","@context":[]}"#)
    let fragment = try FragmentParser(context: .core, rules: .complete).entity(body)
    let write = SourceWrite(.create(fragment), on: "urn:v:1", body: body, context: .core)
    let request = write.request(share, at: try address(of: registration()))
    #expect(String(decoding: request.body, as: UTF8.self) == expected)
  }

  // MARK: Helpers

  private func address(of registration: Registration, via: Via = Via()) -> SourceAddress {
    let origin = RequestOrigin(
      tenantName: "", alias: "me", via: via, context: .core, header: { _ in [] })
    return SourceAddress(registration, origin, context: .core)
  }

  private func headers(of registration: Registration, via: Via = Via()) -> [String: String] {
    let request = address(of: registration, via: via).request("GET", "/entities")
    return Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
  }
}
