import Postgres

/// Which of the rows that a plan finds a page has.
struct PageWindow {
  /// One more than the page has, to tell whether there are more; 0 for the count alone.
  let limit: Int
  let offset: Int
  private let cursor: PageCursor?

  /// The cursor is of use only in the order of keys, which is that of creation.
  init(_ query: EntityQuery) {
    limit = query.limit == 0 ? 0 : query.limit + 1
    cursor = query.isInOrderOfCreation ? query.cursor : nil
    offset = cursor == nil ? query.offset : 0
  }

  /// What the cursor asks of a key, to follow other conditions.
  func bound(of key: SQL) -> SQL {
    switch cursor {
    case nil: ""
    case .after(let last): "AND \(key) > \(last)"
    case .before(let first): "AND \(key) < \(first)"
    }
  }

  /// The page before an Entity is read backwards.
  var direction: SQL { if case .before = cursor { "DESC" } else { "" } }
}
