import HTTPServer
import Schemas

/// The page `/kontext/`, which shows Entities on a map and values as they change.
extension API {
  func showLivePage() -> HTTPResponse {
    let nonce =
      UInt64.random(in: 0...(.max)).description + UInt64.random(in: 0...(.max)).description
    let page = String(decoding: Schemas.livePage, as: UTF8.self)
      .replacing("{{nonce}}", with: nonce)
    return HTTPResponse(
      status: 200,
      headers: [
        ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
        // Nothing runs, and nothing is loaded, but what the page itself holds.
        (
          "Content-Security-Policy",
          "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; "
            + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
      ], body: Array(page.utf8))
  }
}
