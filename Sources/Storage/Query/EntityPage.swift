import Postgres

/// The key of an Entity, whether it still exists or not, beside which a page lies.
///
/// Whatever is created or deleted elsewhere, nothing is left out or shown twice from one page to the
/// next, and a page deep within takes no longer than the first.
package enum PageCursor: Hashable, Sendable {
  case after(Int64)
  case before(Int64)
}

/// The stored forms of one page's Entities.
package struct EntityPage: Sendable {
  package let documents: [[UInt8]]
  /// Whether there are Entities after this page; before it, if the cursor was `before`.
  package let hasMore: Bool
  /// All Entities that match; nil unless asked for.
  package let count: Int?
  /// Where the pages before and after this one lie; nil if not in the order of creation.
  package let neighbours: PageNeighbours?
}

/// The cursors of the pages before and after a page.
package struct PageNeighbours: Hashable, Sendable {
  package let previous: PageCursor
  package let next: PageCursor
}

extension EntityPage {
  /// - Parameter results: of the plan's flight.
  init(_ results: [Rows], of query: EntityQuery) {
    let count = query.wantsCount ? results[0][0][0].int : nil
    let rows = query.limit > 0 ? Array(results[results.count - 1]) : []
    self.init(rows, of: query, count: count)
  }

  /// Nil if the look does not suffice.
  init?(glance rows: Rows, of query: EntityQuery) {
    let shown = rows.filter { !$0[0].isNull }
    let isFull = !query.wantsCount && shown.count > query.limit
    guard isFull || rows.first?[2].bool == true else { return nil }
    self.init(shown, of: query, count: query.wantsCount ? rows[0][3].int : nil)
  }

  /// - Parameter rows: one more than the page has, if there are more.
  private init(_ rows: [Row], of query: EntityQuery, count: Int?) {
    var shown = Array(rows.prefix(query.limit))
    if case .before = query.cursor { shown.reverse() }
    let hasMore = query.limit > 0 ? rows.count > query.limit : (count ?? 0) > query.offset
    self.init(
      documents: shown.map { $0[0].bytes }, hasMore: hasMore, count: count,
      neighbours: query.isInOrderOfCreation ? PageNeighbours(shown, query.cursor) : nil)
  }
}

extension PageNeighbours {
  /// - Parameters:
  ///   - rows: of the page, with their keys; of none at an offset comes nil.
  ///   - cursor: of the page itself.
  fileprivate init?(_ rows: [Row], _ cursor: PageCursor?) {
    if let first = rows.first, let last = rows.last {
      self.init(previous: .before(first[1].int64), next: .after(last[1].int64))
      return
    }
    switch cursor {
    case nil: return nil
    case .after(let key): self.init(previous: .before(key + 1), next: .after(key))
    case .before(let key): self.init(previous: .before(key), next: .after(max(0, key - 1)))
    }
  }
}
