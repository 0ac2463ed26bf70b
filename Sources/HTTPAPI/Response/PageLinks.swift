import NGSILD

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
struct PageLinks {
  let path: String
  let parameters: Parameters
  /// Whether parameters are in alphabetical order, as clients of Entities compare them.
  let isSorted: Bool
  let page: Page
  let hasMore: Bool
  let type: MediaType

  var headers: [(name: String, value: String)] {
    guard page.limit > 0 else { return [] }
    var headers: [(name: String, value: String)] = []
    if hasMore { headers.append(("Link", link("next", offset: page.offset + page.limit))) }
    if page.offset > 0 {
      headers.append(("Link", link("prev", offset: max(0, page.offset - page.limit))))
    }
    return headers
  }

  private func link(_ relation: String, offset: Int) -> String {
    var list = parameters.list.filter { $0.name != "limit" && $0.name != "offset" }
    list += [("limit", "\(page.limit)"), ("offset", "\(offset)")]
    if isSorted { list.sort { $0.name < $1.name } }
    let query = list.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    return "<\(path)?\(query)>;rel=\"\(relation)\";type=\"\(type.rawValue)\""
  }
}
