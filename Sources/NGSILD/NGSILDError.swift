/// What an operation answers in place of its result.
///
/// Standard: error types (GS CIM 009, 5.5.2); the last four are plain HTTP errors of its binding.
package struct NGSILDError: Error, Hashable, Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case invalidRequest = "InvalidRequest"
    case badRequestData = "BadRequestData"
    case alreadyExists = "AlreadyExists"
    case conflict = "Conflict"
    case operationNotSupported = "OperationNotSupported"
    case resourceNotFound = "ResourceNotFound"
    case internalError = "InternalError"
    case tooComplexQuery = "TooComplexQuery"
    case tooManyResults = "TooManyResults"
    case ldContextNotAvailable = "LdContextNotAvailable"
    case noMultiTenantSupport = "NoMultiTenantSupport"
    case nonexistentTenant = "NonexistentTenant"
    case overloaded
    case payloadTooLarge
    case notAcceptable
    case loopDetected
  }

  package let kind: Kind
  /// For the user of the API: the value at fault, and what would be right.
  package let detail: String

  package init(_ kind: Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }

  package static func badRequestData(_ detail: String) -> NGSILDError {
    NGSILDError(.badRequestData, detail)
  }
}
