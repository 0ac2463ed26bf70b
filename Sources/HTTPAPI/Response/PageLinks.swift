import NGSILD
import Storage

extension Call {
  /// The media type of pages of what other Context Sources are about, where they are linked.
  ///
  /// Choice: JSON-LD, unless the client says that it accepts something else (TS 037_11, 041_03).
  var linkedType: MediaType {
    let accept = request.headers.first("Accept") ?? "*/*"
    return accept == "*/*" ? .jsonLD : accepts
  }
}

/// The links of a page to the next and the previous one.
///
/// Shape: `<path?parameters>;rel="next";type="application/json"` with the request's own parameters
/// and another limit and offset (GS CIM 009, 6.3.10).
///
/// Choice: links between pages of Entities that are held here also have the place of the next or
/// previous page, as `after` or `before`, so that nothing is left out when others are deleted
/// meanwhile, and a page deep within is found at once. Not so where the client counts Entities and
/// gives an offset: it numbers pages, and leaps between them (TS 019_31).
struct PageLinks {
  let path: String
  let parameters: Parameters
  /// Whether parameters are in alphabetical order, as clients of Entities compare them.
  let isSorted: Bool
  let page: Page
  let hasMore: Bool
  /// nil where an offset tells.
  var neighbours: PageNeighbours? = nil
  let type: MediaType

  private static let placeNames: Set = ["limit", "offset", "after", "before"]

  var headers: [(name: String, value: String)] {
    guard page.limit > 0 else { return [] }
    let neighbours = page.isNumbered ? nil : neighbours
    var headers: [(name: String, value: String)] = []
    if hasNext {
      let offset = page.offset + page.limit
      headers.append(("Link", link("next", offset: offset, neighbours?.next)))
    }
    if hasPrevious {
      let offset = max(0, page.offset - page.limit)
      headers.append(("Link", link("prev", offset: offset, neighbours?.previous)))
    }
    return headers
  }

  /// A page before another one has that after it.
  private var hasNext: Bool { isBefore || hasMore }

  private var hasPrevious: Bool { isBefore ? hasMore : page.offset > 0 }

  /// Whether it was read backwards, and `hasMore` speaks of what is before it.
  private var isBefore: Bool {
    if neighbours != nil, case .before = page.cursor { true } else { false }
  }

  private func link(_ relation: String, offset: Int, _ cursor: PageCursor?) -> String {
    var list = parameters.list.filter { !Self.placeNames.contains($0.name) }
    list += [("limit", "\(page.limit)"), ("offset", "\(offset)")]
    switch cursor {
    case nil: break
    case .after(let key): list.append(("after", "\(key)"))
    case .before(let key): list.append(("before", "\(key)"))
    }
    if isSorted { list.sort { $0.name < $1.name } }
    let query = list.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    return "<\(path)?\(query)>;rel=\"\(relation)\";type=\"\(type.rawValue)\""
  }
}
