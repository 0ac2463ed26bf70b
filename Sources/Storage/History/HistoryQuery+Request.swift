import JSONLD
package import NGSILD
package import NGSILDQuery

extension TemporalRequest {
  /// Which members of Entities the answer holds.
  package var members: MemberSelection { EntitySelection(conditions.projection).members }
}

extension HistoryPart {
  package init(_ request: TemporalRequest) {
    self.init(request.temporal)
    datasets = request.conditions.datasets
    let members = request.members
    showsScopes = members.shows(.scope)
    switch members {
    case .all: break
    case .attributes(let names), .pick(_, let names): attributes = .only(names)
    case .omit(_, let names): attributes = .except(names)
    }
  }
}

extension HistoryQuery {
  /// The conditions of a request; the page is the caller's to say.
  package init(_ request: TemporalRequest) {
    self.init(HistoryPart(request))
    selectors = request.conditions.selectors
    query = request.conditions.query
    geo = request.conditions.geo
    scopes = request.conditions.scopes
    if let ordering = request.conditions.ordering {
      order = ordering.terms[0].direction == .descending ? .descendingID : .ascendingID
    }
  }
}
