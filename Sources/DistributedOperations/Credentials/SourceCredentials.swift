import JSON
import JSONLD
package import NGSILD
package import Registrations

/// By what this broker, as an OAuth 2.0 client, gets tokens for requests to Context Sources.
///
/// A registration names no more than a token endpoint (`tokenEndpoint` in `contextSourceInfo`). The
/// operator says for which sources, and for whom, a token of it may be had: whoever registers a
/// source cannot have a secret, or a token, sent anywhere else.
///
/// Standard: client credentials grant (RFC 6749, 4.4).
package struct SourceCredentials: Sendable {
  package let all: [SourceCredential]

  /// None.
  package init() { all = [] }

  /// Reads what an operator has written: a JSON array with an object for each client.
  ///
  /// - Throws: `badRequestData`, `invalidRequest`; without secrets.
  package init(parsing file: [UInt8]) throws(NGSILDError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: file)
    } catch {
      throw NGSILDError(.invalidRequest, "\(error)")
    }
    guard value.isArray else { throw .badRequestData("An array of objects is expected") }
    var all: [SourceCredential] = []
    for element in value.elements {
      do throws(NGSILDError) {
        all.append(try SourceCredential(element))
      } catch {
        throw NGSILDError(error.kind, "In object \(all.count + 1): \(error.detail)")
      }
    }
    self.all = all
  }

  /// The one for a source, of those that fit the one whose URL says most; nil for none.
  package func credential(for grant: SourceGrant) -> SourceCredential? {
    guard let location = SourceLocation(grant.endpoint) else { return nil }
    return all.filter { $0.grants(grant, at: location) }
      .max { $0.sources.path.count < $1.sources.path.count }
  }

  /// - Throws: `badRequestData` where there is no token for a source that wants one.
  package func require(for grant: SourceGrant) throws(NGSILDError) {
    guard credential(for: grant) == nil else { return }
    throw .badRequestData(
      "'tokenEndpoint' in 'contextSourceInfo' is '\(grant.tokenEndpoint.prefix(200))'; this broker "
        + "has no credentials for it at the source '\(grant.endpoint.prefix(200))': one for which "
        + "its operator has given them is expected")
  }
}

/// What a token is wanted for.
package struct SourceGrant: Hashable, Sendable {
  package let tokenEndpoint: String
  /// Of the source, as registered.
  package let endpoint: String
  /// Whose registration it is.
  package let tenantName: String

  package init(tokenEndpoint: String, endpoint: String, tenantName: String) {
    self.tokenEndpoint = tokenEndpoint
    self.endpoint = endpoint
    self.tenantName = tenantName
  }

  package static func == (one: SourceGrant, other: SourceGrant) -> Bool {
    one.tokenEndpoint.isExactly(other.tokenEndpoint) && one.endpoint.isExactly(other.endpoint)
      && one.tenantName.isExactly(other.tenantName)
  }
}

extension Registration {
  /// nil where requests to the source bear no token.
  package func grant(in tenantName: String) -> SourceGrant? {
    sourceInfo.tokenEndpoint.map {
      SourceGrant(tokenEndpoint: $0, endpoint: endpoint, tenantName: tenantName)
    }
  }
}

/// One client of a token endpoint; it is never logged and never leaves the process but for there.
package struct SourceCredential: Hashable, Sendable {
  /// How the client tells who it is (RFC 6749, 2.3.1), named as in RFC 7591.
  enum Authentication: String, CaseIterable {
    /// In a header field; all servers have it.
    case basic = "client_secret_basic"
    /// In the body.
    case post = "client_secret_post"
  }

  package let tokenEndpoint: String
  /// Sources at it, and at what is below it, may be sent tokens.
  let sources: SourceLocation
  let clientID: String
  let clientSecret: String
  let scope: String?
  /// Names of those whose registrations may use it, "" for the default one; nil for all.
  let tenants: [String]?
  let authentication: Authentication

  func grants(_ grant: SourceGrant, at location: SourceLocation) -> Bool {
    tokenEndpoint.isExactly(grant.tokenEndpoint) && sources.contains(location)
      && tenants?.contains(exactly: grant.tenantName) ?? true
  }
}

// MARK: Reading

extension SourceCredential {
  private static let members: Set = [
    "tokenEndpoint", "sources", "clientId", "clientSecret", "scope", "tenants", "authentication",
  ]

  fileprivate init(_ object: JSONValue) throws(NGSILDError) {
    guard object.isObject else { throw .badRequestData("an object is expected") }
    for member in object.members {
      guard let name = member.name.string, Self.members.contains(name) else {
        throw .badRequestData(
          "\(member.name.rawText.prefix(100)) is none of its members, which are "
            + Self.members.sorted().joined(separator: ", "))
      }
    }
    tokenEndpoint = try object.required("tokenEndpoint")
    guard SourceLocation(tokenEndpoint) != nil else {
      throw .badRequestData(
        "'tokenEndpoint' is '\(tokenEndpoint)'; an http or https URL is expected")
    }
    let url = try object.required("sources")
    guard let location = SourceLocation(url) else {
      throw .badRequestData("'sources' is '\(url)'; an http or https URL is expected")
    }
    sources = location
    clientID = try object.required("clientId")
    clientSecret = try object.required("clientSecret")
    scope = try object.text("scope")
    tenants = try object.texts("tenants")
    authentication = try Self.authentication(object.text("authentication"))
  }

  private static func authentication(
    _ name: String?
  ) throws(NGSILDError) -> Authentication {
    guard let name else { return .basic }
    guard let authentication = Authentication(rawValue: name) else {
      throw .badRequestData(
        "'authentication' is '\(name)'; "
          + Authentication.allCases.map(\.rawValue).joined(separator: " or ") + " is expected")
    }
    return authentication
  }
}

/// None shows a value that is wrong: it may be a secret.
extension JSONValue {
  fileprivate func text(_ name: String) throws(NGSILDError) -> String? {
    guard let value = self[named: name] else { return nil }
    guard let text = value.string, !text.isEmpty else {
      throw .badRequestData("'\(name)' is no string with characters, which is expected")
    }
    return text
  }

  fileprivate func required(_ name: String) throws(NGSILDError) -> String {
    guard let text = try text(name) else { throw .badRequestData("'\(name)' is missing") }
    return text
  }

  fileprivate func texts(_ name: String) throws(NGSILDError) -> [String]? {
    guard let value = self[named: name] else { return nil }
    let texts = value.isArray ? value.elements.map(\.string) : [nil]
    guard !texts.isEmpty, !texts.contains(nil) else {
      throw .badRequestData("'\(name)' is no array of strings, which is expected")
    }
    return texts.compactMap { $0 }
  }
}
