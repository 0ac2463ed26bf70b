import NGSILD

/// Which part of a list is asked for (GS CIM 009, 5.5.9, 6.3.10, 6.3.13).
struct Page: Sendable {
  /// 0 asks for the count alone.
  let limit: Int
  let offset: Int
  let wantsCount: Bool

  /// Choice: 20 unless a limit is given, 1000 at most.
  private static let limitDefault = 20
  private static let limitMax = 1000

  /// - Throws: `badRequestData`.
  init(_ parameters: Parameters) throws(NGSILDError) {
    wantsCount = try parameters.boolean("count")
    limit = try parameters.integer("limit", in: 0...Self.limitMax) ?? Self.limitDefault
    offset = try parameters.integer("offset", in: 0...Int.max >> 8) ?? 0
    guard limit > 0 || wantsCount else {
      throw .badRequestData("limit=0 is of use only with count=true")
    }
  }
}
