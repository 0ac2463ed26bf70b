import JSONLD
package import NGSILD

extension EntitySelection {
  /// What a projection keeps of the Entities that are asked for, and of those that they link to.
  package init(_ projection: Projection) {
    self.init(members: MemberSelection(projection))
    for relationship in projection.relationships {
      linked[relationship] = EntitySelection(projection.ofEntities(linkedBy: relationship))
    }
  }
}

extension Projection {
  /// Relationships to which something stands in braces.
  fileprivate var relationships: Set<IRI> {
    Set(
      ((pick?.terms ?? []) + (omit?.terms ?? [])).compactMap { term in
        guard case .attribute(let name) = term.member, term.linked != nil else { return nil }
        return name
      })
  }
}

extension MemberSelection {
  fileprivate init(_ projection: Projection) {
    if !projection.attrs.isEmpty {
      self = .attributes(Set(projection.attributes))
      return
    }
    // A term with braces omits members of linked Entities, not the Relationship to them.
    let terms = projection.pick?.terms ?? projection.omit?.terms ?? []
    let members = Set(terms.map(\.member)).filter {
      projection.keeps($0) == (projection.pick != nil)
    }
    var core: Set<NGSILD.CoreMember> = []
    var attributes: Set<IRI> = []
    for member in members {
      switch member {
      case .attribute(let name): attributes.insert(name)
      case .core(let member):
        NGSILD.CoreMember(term: member.rawValue).map { _ = core.insert($0) }
      }
    }
    self =
      switch (projection.pick, projection.omit) {
      case (.some, _): .pick(core: core, attributes: attributes)
      case (nil, .some): .omit(core: core, attributes: attributes)
      case (nil, nil): .all
      }
  }
}
