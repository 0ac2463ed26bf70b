import Broker
import EventLoop
import HTTPClient
import JSON
import JSONLD
import TestSupport
import Testing

private let context = #"{"@context": {"a": "urn:a"}}"#

private func withLoader(
  _ policy: String = "loopback", timeout: Duration = .seconds(60),
  _ body: (ContextServer, String, HTTPContextLoader) async throws -> Void
) async throws {
  try await ContextServer.run { server, url in
    let loop = EventLoop()
    var configuration = HTTPClientConfiguration()
    configuration.addressPolicy = try AddressPolicy(parsing: policy)
    let client = HTTPClient(loop: loop, configuration: configuration)
    let thread = loop.start()
    let loader = HTTPContextLoader(client: client, timeout: timeout)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(server, url, loader))
    } catch {
      outcome = .failure(error)
    }
    await client.shutDown()
    loop.stop()
    thread.join()
    try outcome.get()
  }
}

@Suite("Contexts over HTTP")
struct HTTPContextLoaderTests {
  @Test(
    "any media type will do",
    arguments: [
      "application/ld+json", "application/json", "text/plain; charset=utf-8", "text/javascript",
      nil,
    ] as [String?])
  func mediaTypes(type: String?) async throws {
    try await withLoader { server, url, loader in
      server.set("/c", context, headers: type.map { [("Content-Type", $0)] } ?? [])
      let document = try await loader.document(at: "\(url)/c")
      #expect(document.context["a"]?.string == "urn:a")
    }
  }

  @Test(
    "what is no context document is invalid, and its media type is told",
    arguments: ["<html></html>", "[]", #"{"a": 1}"#, #"{"@context": {"#, ""])
  func invalid(body: String) async throws {
    try await withLoader { server, url, loader in
      server.set("/c", body, headers: [("Content-Type", "text/html")])
      let error = await #expect(throws: JSONLDError.self) {
        try await loader.document(at: "\(url)/c")
      }
      #expect(error?.code == .invalidRemoteContext)
      #expect(error?.detail.contains("text/html") == true)
    }
  }

  @Test(
    "what cannot be fetched is unavailable",
    arguments: ["missing", "broken", "slow", "huge", "loop", "refused", "nowhere"])
  func unavailable(fault: String) async throws {
    try await withLoader(
      fault == "refused" ? "10.0.0.0/8" : "loopback",
      timeout: fault == "slow" ? .milliseconds(100) : .seconds(60)
    ) { server, url, loader in
      server.set("/broken", context, status: 500)
      server.stall("/slow")
      server.set("/huge", #"{"@context": {"a": "\#(String(repeating: "x", count: 1 << 20))"}}"#)
      server.set("/loop", "", status: 302, headers: [("Location", "/loop")])
      server.set("/refused", context)
      let error = await #expect(throws: JSONLDError.self) {
        let base = fault == "nowhere" ? "http://127.0.0.1:1" : url
        _ = try await loader.document(at: "\(base)/\(fault)")
      }
      #expect(error?.code == .loadingDocumentFailed)
      #expect(error?.detail.contains("://127.0.0.1:") == true)
    }
  }

  @Test("redirects are followed, and their end is the base of relative references")
  func redirects() async throws {
    try await withLoader { server, url, loader in
      server.set("/old/c", "", status: 301, headers: [("Location", "/new/c")])
      server.set("/new/c", context)
      let document = try await loader.document(at: "\(url)/old/c")
      #expect(document.url == "\(url)/new/c")
    }
  }

  @Test(
    "the lifetime is what the headers say",
    arguments: [
      ([], nil),
      ([("Cache-Control", "public, max-age=600")], 600),
      ([("Cache-Control", "max-age=600"), ("Age", "100")], 500),
      ([("Cache-Control", "Max-Age=600"), ("Expires", "0")], 600),
      ([("Cache-Control", "no-store")], 0),
      ([("Cache-Control", "no-cache, max-age=5")], 0),
      ([("Cache-Control", "max-age=")], nil),
      ([("Cache-Control", "max-age=\(Int.min)"), ("Age", "1")], 0),
      ([("Expires", "0")], 0),
      (
        [
          ("Date", "Sun, 06 Nov 2044 08:49:37 GMT"), ("Expires", "Sun, 06 Nov 2044 08:50:37 GMT"),
        ], 60
      ),
      ([("Expires", "Sun, 06 Nov 1994 08:49:37 GMT")], 0),
    ] as [([(String, String)], Int?)])
  func lifetime(headers: [(String, String)], seconds: Int?) async throws {
    try await withLoader { server, url, loader in
      server.set("/c", context, headers: headers.map { (name: $0.0, value: $0.1) })
      let lifetime = try await loader.document(at: "\(url)/c").lifetime
      #expect(lifetime == seconds.map { .seconds($0) })
    }
  }
}

@Suite("URLs of hosted contexts")
struct HostedContextURLTests {
  private static let uuid = "01234567-89ab-cdef-0123-456789abcdef"

  @Test(
    "an id is known by the path before it, whatever the host",
    arguments: [
      ("http://a/ngsi-ld/v1/jsonldContexts/\(uuid)", uuid),
      ("https://b:8080/behind/a/proxy/ngsi-ld/v1/jsonldContexts/\(uuid)", uuid),
      ("/ngsi-ld/v1/jsonldContexts/\(uuid)", uuid),
      ("http://a/ngsi-ld/v1/jsonldContexts/\(uuid)?x", nil),
      ("http://a/ngsi-ld/v1/jsonldContexts/\(uuid.dropLast())", nil),
      ("http://a/ngsi-ld/v1/jsonldContexts/other", nil),
      ("http://a/contexts/\(uuid)", nil),
      (uuid, nil), ("", nil),
    ] as [(String, String?)])
  func id(url: String, id: String?) {
    #expect(HostedContextURL.id(in: url) == id)
  }
}
