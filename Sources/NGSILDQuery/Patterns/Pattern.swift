import CPCRE2
package import NGSILD

/// A regular expression, found anywhere in a text.
///
/// Shape: a POSIX extended regular expression, run as a PCRE2 one: case-sensitive, over Unicode
/// characters, `.` also for a line break, `$` only at the very end.
///
/// Two patterns are equal if their texts are.
///
/// Standard: `idPattern` and `~=` (GS CIM 009, 4.9 and 5.2.33).
package struct Pattern: Sendable {
  package static let bytesMax = 1024

  package let text: String
  private let code: PatternCode

  /// - Throws: `badRequestData` for what is no regular expression, `tooComplexQuery` for one over
  ///   `bytesMax`.
  package init(_ text: String) throws(NGSILDError) {
    guard text.utf8.count <= Self.bytesMax else {
      throw NGSILDError(
        .tooComplexQuery, "The pattern '\(text.bounded)' is longer than \(Self.bytesMax) bytes")
    }
    guard !text.utf8.contains(0) else {
      throw .badRequestData("The pattern '\(text.bounded)' contains the character U+0000")
    }
    guard !text.hasPrefix("(*") else {
      throw .badRequestData("The pattern '\(text.bounded)' begins with '(*', which repeats nothing")
    }
    self.text = text
    code = try PatternCode(text)
  }

  /// Whether some part of `subject` is in the pattern's language.
  ///
  /// A search over its limits counts as no match, so that no pattern takes exponential time.
  package func matches(_ subject: String) -> Bool { search(subject) == .found }

  package enum Outcome: Sendable { case found, notFound, gaveUp }

  package func search(_ subject: String) -> Outcome {
    var subject = subject
    return subject.withUTF8 { code.search($0) }
  }

  /// As the one above; `subject` is valid UTF-8.
  package func search(_ subject: UnsafeBufferPointer<UInt8>) -> Outcome { code.search(subject) }
}

extension Pattern: Hashable {
  package static func == (one: Pattern, other: Pattern) -> Bool {
    one.text.utf8.elementsEqual(other.text.utf8)
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension Pattern: CustomStringConvertible {
  package var description: String { text }
}

/// Owner of a compiled pattern.
///
/// `@unchecked Sendable`: PCRE2 only reads compiled code and match context, and each search has
/// match data of its own.
private final class PatternCode: @unchecked Sendable {
  private let code: OpaquePointer
  private let limits: OpaquePointer

  private static let matchLimit: UInt32 = 100_000
  private static let depthLimit: UInt32 = 10_000
  private static let heapKibibytesMax: UInt32 = 4096
  private static let parenthesesMax: UInt32 = 64

  init(_ text: String) throws(NGSILDError) {
    guard let context = pcre2_compile_context_create_8(nil),
      let limits = pcre2_match_context_create_8(nil)
    else { preconditionFailure("out of memory") }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_parens_nest_limit_8(context, Self.parenthesesMax)
    let options =
      PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY
      | PCRE2_NEVER_BACKSLASH_C
    var failure: Int32 = 0
    var offset = 0
    let bytes = Array(text.utf8)
    guard
      let code = pcre2_compile_8(bytes, bytes.count, options, &failure, &offset, context)
    else {
      pcre2_match_context_free_8(limits)
      throw .badRequestData(
        "The pattern '\(text.bounded)' is no regular expression: at byte \(offset), "
          + message(failure))
    }
    pcre2_set_match_limit_8(limits, Self.matchLimit)
    pcre2_set_depth_limit_8(limits, Self.depthLimit)
    pcre2_set_heap_limit_8(limits, Self.heapKibibytesMax)
    self.code = code
    self.limits = limits
  }

  deinit {
    pcre2_code_free_8(code)
    pcre2_match_context_free_8(limits)
  }

  func search(_ subject: UnsafeBufferPointer<UInt8>) -> Pattern.Outcome {
    guard let data = pcre2_match_data_create_8(1, nil) else {
      preconditionFailure("out of memory")
    }
    defer { pcre2_match_data_free_8(data) }
    let result = pcre2_match_8(
      code, subject.baseAddress, subject.count, 0, PCRE2_NO_UTF_CHECK, data, limits)
    return switch result {
    case 0...: .found
    case PCRE2_ERROR_NOMATCH: .notFound
    default: .gaveUp
    }
  }
}

private func message(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
    let count = pcre2_get_error_message_8(code, buffer.baseAddress, buffer.count)
    return String(
      decoding: UnsafeBufferPointer(rebasing: buffer[..<max(0, Int(count))]), as: UTF8.self)
  }
}
