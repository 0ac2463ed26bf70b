import JSON
import NGSILD

/// The number that `text` writes in JSON's grammar, without white space; nil if it is none.
///
/// - Throws: `badRequestData` for one that no double can hold.
func jsonNumber(_ text: String, of language: String) throws(NGSILDError) -> Double? {
  guard let first = text.utf8.first, first == UInt8(ascii: "-") || 48...57 ~= first,
    let last = text.utf8.last, 48...57 ~= last
  else { return nil }
  do throws(JSONError) {
    return try JSONValue(parsing: text).double
  } catch {
    guard case .numberOutOfRange = error.reason else { return nil }
    throw .badRequestData("\(language): the number \(text.bounded) is out of range")
  }
}

/// The integer more than zero that `text` writes in digits; nil if it is none.
func positiveInteger(_ text: String) -> Int? {
  guard text.utf8.allSatisfy({ 48...57 ~= $0 }), let number = Int(text), number > 0 else {
    return nil
  }
  return number
}
