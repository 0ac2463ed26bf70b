import CPCRE2
package import NGSILD

/// A regular expression, found anywhere in a text.
///
/// Shape: a POSIX extended regular expression, or a little more (`unsupportedPart`). PCRE2 runs it:
/// case-sensitive, over Unicode characters, `.` also for a line break, `$` only at the very end.
///
/// Two patterns are equal if their texts are.
///
/// Standard: `idPattern` and `~=` (GS CIM 009, 4.9 and 5.2.33).
package struct Pattern: Sendable {
  package static let bytesMax = 1024
  /// Characters of a pattern whose repetitions are written out; more take the database seconds to
  /// compile.
  package static let sizeMax = 2048
  /// A longer text is not searched.
  package static let subjectBytesMax = 1 << 18

  package let text: String
  private let code: PatternCode

  /// - Throws: `badRequestData` for what is no regular expression, `tooComplexQuery` for one over
  ///   `bytesMax` or `sizeMax`.
  package init(_ text: String) throws(NGSILDError) {
    guard text.utf8.count <= Self.bytesMax else {
      throw NGSILDError(
        .tooComplexQuery, "The pattern '\(text.bounded)' is longer than \(Self.bytesMax) bytes")
    }
    guard !text.utf8.contains(0) else {
      throw .badRequestData("The pattern '\(text.bounded)' contains the character U+0000")
    }
    let syntax = PatternSyntax(of: text, limit: Self.sizeMax)
    if let part = syntax.unsupportedPart {
      throw .badRequestData(
        "The pattern '\(text.bounded)' has \(part); right is a POSIX extended regular expression")
    }
    guard syntax.size <= Self.sizeMax else {
      throw NGSILDError(
        .tooComplexQuery,
        "The pattern '\(text.bounded)' stands for more than \(Self.sizeMax) characters when its "
          + "repetitions are written out; smaller bounds are expected")
    }
    self.text = text
    code = try PatternCode(text)
  }

  /// Whether some part of `subject` is in the pattern's language.
  ///
  /// A search over its limits counts as no match, so that none takes more than some tenths of a
  /// second.
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
/// `@unchecked Sendable`: PCRE2 only reads compiled code, and each search has match data and a
/// match context of its own.
private final class PatternCode: @unchecked Sendable {
  private static let parenthesesMax: UInt32 = 64

  private let code: OpaquePointer
  private let starts: PatternStarts

  init(_ text: String) throws(NGSILDError) {
    guard let context = pcre2_compile_context_create_8(nil) else {
      preconditionFailure("out of memory")
    }
    defer { pcre2_compile_context_free_8(context) }
    pcre2_set_parens_nest_limit_8(context, Self.parenthesesMax)
    let options =
      PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY
      | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_POSSESS
    var failure: Int32 = 0
    var offset = 0
    let bytes = Array(text.utf8)
    guard
      let code = pcre2_compile_8(bytes, bytes.count, options, &failure, &offset, context)
    else {
      throw .badRequestData(
        "The pattern '\(text.bounded)' is no regular expression: at byte \(offset), "
          + message(failure))
    }
    self.code = code
    starts = PatternStarts(of: code)
  }

  deinit { pcre2_code_free_8(code) }

  func search(_ subject: UnsafeBufferPointer<UInt8>) -> Pattern.Outcome {
    guard subject.count <= Pattern.subjectBytesMax else { return .gaveUp }
    guard let data = pcre2_match_data_create_8(1, nil), let limits = limits(for: subject) else {
      preconditionFailure("out of memory")
    }
    defer {
      pcre2_match_data_free_8(data)
      pcre2_match_context_free_8(limits)
    }
    let result = pcre2_match_8(
      code, subject.baseAddress, subject.count, 0, PCRE2_NO_UTF_CHECK, data, limits)
    return switch result {
    case 0...: .found
    case PCRE2_ERROR_NOMATCH: .notFound
    default: .gaveUp
    }
  }

  // MARK: Limits

  /// Steps of one search, some 10 ns each.
  private static let stepsMax = 20_000_000
  /// PCRE2 counts from zero at each place where a match may begin. The characters that a repetition
  /// takes are not counted, but as it may not be possessive, so is each that it gives back.
  private static let stepsPerStart = 100...1_000_000
  private static let heapKibibytesMax: UInt32 = 16_384

  private func limits(for subject: UnsafeBufferPointer<UInt8>) -> OpaquePointer? {
    let context = pcre2_match_context_create_8(nil)
    let steps = Self.stepsMax / starts.count(in: subject)
    let range = Self.stepsPerStart
    pcre2_set_match_limit_8(
      context, UInt32(min(max(steps, range.lowerBound), range.upperBound)))
    pcre2_set_heap_limit_8(context, Self.heapKibibytesMax)
    return context
  }
}

/// Where a match may begin, as far as PCRE2 knows and so looks nowhere else.
private enum PatternStarts {
  /// Only at the very beginning.
  case anchored
  /// At one of these bytes, a bit for each.
  case bytes([UInt8])
  case anywhere

  init(of code: OpaquePointer) {
    var options: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_ALLOPTIONS), &options)
    if options & PCRE2_ANCHORED != 0 {
      self = .anchored
      return
    }
    var type: UInt32 = 0
    pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODETYPE), &type)
    var bits = [UInt8](repeating: 0, count: 32)
    var table: UnsafePointer<UInt8>?
    if type == 1 {
      var byte: UInt32 = 0
      pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTCODEUNIT), &byte)
      bits[Int(byte) >> 3] = 1 << (byte & 7)
      self = .bytes(bits)
    } else if pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_FIRSTBITMAP), &table) == 0, let table {
      for index in bits.indices { bits[index] = table[index] }
      self = .bytes(bits)
    } else {
      self = .anywhere
    }
  }

  /// One or more.
  func count(in subject: UnsafeBufferPointer<UInt8>) -> Int {
    switch self {
    case .anchored: return 1
    case .anywhere: return subject.count + 1
    case .bytes(let bits):
      return max(1, subject.count { bits[Int($0) >> 3] & 1 << ($0 & 7) != 0 })
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
