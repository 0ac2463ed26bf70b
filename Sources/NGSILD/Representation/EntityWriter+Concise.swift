import JSON

/// Attributes in the concise representation.
extension EntityWriter {
  /// The value alone, where it is read back as the same Attribute (4.5.2.3); otherwise nil.
  mutating func bareValue(of instance: JSONView) -> JSONView? {
    guard let value = instance["value"], !representation.showsSystemAttributes else { return nil }
    for (name, member) in instance.members {
      switch CoreMember(stored: name.contents) {
      case .type?, .value?, .createdAt?, .modifiedAt?, .expiresAt?, .deletedAt?: break
      case nil where !member.elements.contains(where: { isShown($0, of: nil) }): break
      default: return nil
      }
    }
    let isGeoProperty = instance["type"]?.isString("GeoProperty") == true
    return isRead(value, as: isGeoProperty ? .geoProperty : .property) ? value : nil
  }

  private mutating func isRead(_ value: JSONView, as type: AttributeType) -> Bool {
    if value.isArray { return type == .property && !readNames.areInstances(value) }
    guard value.isObject else { return type == .property }
    return switch readNames.shape(of: value) {
    case .value(let read): read == type
    case .other: type == .property
    default: false
    }
  }

  /// Whether `type` must stay because the value alone would be taken for a GeoProperty's.
  func needsType(_ instance: JSONView) -> Bool {
    guard instance["type"]?.isString("Property") == true, let value = instance["value"] else {
      return false
    }
    return Geometry.isGeometry(value.value)
  }
}
