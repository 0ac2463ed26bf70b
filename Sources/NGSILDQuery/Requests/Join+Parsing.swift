package import JSON
package import JSONLD
package import NGSILD

/// `joinLevel` as it is given: the text of a parameter, or a member of a body.
package enum JoinLevel {
  case text(String)
  case value(JSONValue)

  /// - Throws: `badRequestData` for what is no whole number from 1 to `Join.levelMax`.
  fileprivate var number: Int {
    get throws(NGSILDError) {
      let (number, text) =
        switch self {
        case .text(let text): (positiveInteger(text), text)
        case .value(let value): (value.integer, value.rawText)
        }
      guard let number, 1...Join.levelMax ~= number else {
        throw .badRequestData(
          "joinLevel is '\(text.bounded)'; a whole number from 1 to \(Join.levelMax) is expected")
      }
      return number
    }
  }
}

extension Join {
  /// Nil for no join: `@none`, or no form at all.
  ///
  /// Choice: without a join, the level and `containedBy` are checked and have no effect.
  ///
  /// - Throws: `badRequestData`.
  package init?(_ form: String?, level: JoinLevel?, containedBy: [IRI]) throws(NGSILDError) {
    let level = try level.map { level throws(NGSILDError) in try level.number } ?? 1
    guard let form, form != "@none" else { return nil }
    guard let form = Form(rawValue: form) else {
      throw .badRequestData("join is '\(form.bounded)'; flat, inline or @none is expected")
    }
    self.init(form, level: level, containedBy: Set(containedBy))
  }
}
