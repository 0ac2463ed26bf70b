/// Why a context cannot be had, or means nothing.
///
/// Standard: error codes of JSON-LD 1.1 Processing Algorithms and API, 9.6 (`JsonLdErrorCode`).
package struct JSONLDError: Error, Hashable, Sendable {
  package enum Code: String, Hashable, Sendable {
    case contextOverflow = "context overflow"
    case cyclicIRIMapping = "cyclic IRI mapping"
    case invalidBaseDirection = "invalid base direction"
    case invalidBaseIRI = "invalid base IRI"
    case invalidContainerMapping = "invalid container mapping"
    case invalidContextEntry = "invalid context entry"
    case invalidDefaultLanguage = "invalid default language"
    case invalidImportValue = "invalid @import value"
    case invalidIRIMapping = "invalid IRI mapping"
    case invalidKeywordAlias = "invalid keyword alias"
    case invalidLanguageMapping = "invalid language mapping"
    case invalidLocalContext = "invalid local context"
    case invalidNestValue = "invalid @nest value"
    case invalidPrefixValue = "invalid @prefix value"
    case invalidPropagateValue = "invalid @propagate value"
    case invalidProtectedValue = "invalid @protected value"
    case invalidRemoteContext = "invalid remote context"
    case invalidReverseProperty = "invalid reverse property"
    case invalidScopedContext = "invalid scoped context"
    case invalidTermDefinition = "invalid term definition"
    case invalidTypeMapping = "invalid type mapping"
    case invalidVersionValue = "invalid @version value"
    case invalidVocabMapping = "invalid vocab mapping"
    case keywordRedefinition = "keyword redefinition"
    case loadingDocumentFailed = "loading document failed"
    case recursiveContextInclusion = "recursive context inclusion"
  }

  package let code: Code
  /// For the user of the API: the value at fault, and what would be right.
  package let detail: String

  /// - Parameter detail: Cut where a value at fault makes it long.
  package init(_ code: Code, _ detail: String) {
    let lengthMax = 500
    self.code = code
    self.detail = detail.utf8.count <= lengthMax ? detail : "\(detail.prefix(lengthMax))…"
  }

  /// Whether a document could not be fetched: LdContextNotAvailable; all else is BadRequestData.
  package var isUnavailability: Bool { code == .loadingDocumentFailed }

  func located(in document: String?) -> JSONLDError {
    guard let document else { return self }
    return JSONLDError(code, "\(detail) (in \(document))")
  }
}

extension JSONLDError: CustomStringConvertible {
  package var description: String { "\(code.rawValue): \(detail)" }
}
