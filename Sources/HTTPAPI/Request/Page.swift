import NGSILD
import Storage

/// Which part of a list is asked for (GS CIM 009, 5.5.9, 6.3.10, 6.3.13).
struct Page: Sendable {
  /// 0 asks for the count alone.
  let limit: Int
  let offset: Int
  let wantsCount: Bool
  /// From the link of another page; its offset then says where about that is.
  let cursor: PageCursor?
  /// Whether the client numbers pages by itself: it counts, and says where the page begins.
  let isNumbered: Bool

  /// Choice: 20 unless a limit is given, 1000 at most.
  private static let limitDefault = 20
  private static let limitMax = 1000
  private static let positionMax = Int.max >> 8

  /// - Throws: `badRequestData`.
  init(_ parameters: Parameters) throws(NGSILDError) {
    wantsCount = try parameters.boolean("count")
    limit = try parameters.integer("limit", in: 0...Self.limitMax) ?? Self.limitDefault
    offset = try parameters.integer("offset", in: 0...Self.positionMax) ?? 0
    cursor = try Self.cursor(parameters)
    isNumbered = wantsCount && cursor == nil && parameters["offset"] != nil
    guard limit > 0 || wantsCount else {
      throw .badRequestData("limit=0 is of use only with count=true")
    }
  }

  private static func cursor(_ parameters: Parameters) throws(NGSILDError) -> PageCursor? {
    let after = try parameters.integer("after", in: 0...positionMax)
    let before = try parameters.integer("before", in: 0...positionMax)
    guard after == nil || before == nil else {
      throw .badRequestData("A page is either 'after' or 'before' an Entity, not both")
    }
    return after.map { .after(Int64($0)) } ?? before.map { .before(Int64($0)) }
  }
}
