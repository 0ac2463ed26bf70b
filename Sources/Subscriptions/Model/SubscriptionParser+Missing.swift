import JSON
import NGSILD
import NGSILDQuery

extension SubscriptionParser {
  /// Members that the standard defines and this broker does not serve yet: checked as far as the
  /// standard says, then refused.
  func refuseWhatIsMissing(_ reader: MemberReader) throws(NGSILDError) {
    try refuseInterval(reader)
    if let geoQuery = try reader.value("geoQ") {
      _ = try GeoQuery(geoQuery, expander: names)
      throw reader.notImplemented("'geoQ'")
    }
    if let text = try reader.string("csf") {
      _ = try Query(parsing: text, as: "csf", expander: names, isPercentEncoded: true)
      throw reader.notImplemented("'csf'")
    }
    if try reader.boolean("splitEntities") == true {
      throw reader.notImplemented("'splitEntities'")
    }
    guard try reader.string("jsonKeys") == nil else { throw reader.notImplemented("'jsonKeys'") }
    try reader.refuse("temporalQ")
  }

  private func refuseInterval(_ reader: MemberReader) throws(NGSILDError) {
    guard try reader.positiveNumber("timeInterval") != nil else { return }
    for name: StaticString in ["watchedAttributes", "throttling"] where try reader.has(name) {
      throw .badRequestData("'timeInterval' and \(reader.title(name)) exclude each other")
    }
    throw reader.notImplemented("'timeInterval'")
  }
}
