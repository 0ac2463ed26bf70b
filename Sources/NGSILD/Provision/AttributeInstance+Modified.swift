package import JSONLD

extension AttributeInstance {
  /// This instance of the history as a fragment changes it: members that are given take the place of
  /// those that are there, and an Attribute of another type, whole, that of the instance.
  ///
  /// Standard: Modify Attribute instance from Temporal Evolution (GS CIM 009, 5.6.14).
  package func modified(
    by fragment: AttributeFragment, named name: IRI, at now: DateTime
  ) throws(NGSILDError) -> AttributeInstance {
    let patch: AttributePatch =
      fragment.type.map { $0 == type } ?? true ? .partial : .replace
    guard var instance = try patch.apply(fragment, to: self, named: name, at: now) else {
      throw .badRequestData("The instance of '\(name)' has no value left; a value is expected")
    }
    instance.datasetId = fragment.datasetId ?? datasetId
    return instance
  }
}
