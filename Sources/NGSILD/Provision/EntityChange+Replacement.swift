extension EntityChange {
  /// One state in the place of another, as it was given: the history hears nothing of it.
  ///
  /// - Parameters:
  ///   - before: nil if the Entity does not exist.
  ///   - after: nil if it is deleted.
  package convenience init(replacing before: Entity?, by after: Entity?) {
    var changes: [AttributeChange] = []
    for attribute in after?.attributes ?? [] {
      let old = before?.attributes.first { $0.name == attribute.name }
      for instance in attribute.instances {
        changes.append(
          AttributeChange(
            name: attribute.name, before: old?[instance.datasetId], after: instance))
      }
    }
    for change in before?.deletions ?? [] {
      let new = after?.attributes.first { $0.name == change.name }
      if new?[change.datasetId] == nil { changes.append(change) }
    }
    self.init(before: before, after: after, attributes: changes, record: TemporalRecord())
  }
}
