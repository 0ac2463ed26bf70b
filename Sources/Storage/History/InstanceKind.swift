import JSON
import NGSILD
import NGSILDQuery

/// What kind of value an instance in the history has, as aggregation tells them apart.
///
/// The numbers are those of the column `kind`.
enum InstanceKind: Int16, Sendable {
  /// The record of a deletion.
  case none = 0
  case number, boolean, array, string, dateTime, date, time, object
  case list, relationship, relationshipList, geometry, languageMap, vocabulary, json
  case scopes

  /// The kind of an instance, and the number that stands for its value.
  static func of(_ instance: AttributeInstance) -> (kind: InstanceKind, number: Double?) {
    switch instance.type {
    case .property: of(instance.value["@value"] ?? instance.value)
    case .listProperty: (.list, Double(instance.value.count))
    case .relationship: (.relationship, nil)
    case .listRelationship: (.relationshipList, nil)
    case .geoProperty: (.geometry, nil)
    case .languageProperty: (.languageMap, nil)
    case .vocabProperty: (.vocabulary, nil)
    case .jsonProperty: (.json, nil)
    }
  }

  private static func of(_ value: JSONValue) -> (kind: InstanceKind, number: Double?) {
    switch value.kind {
    case .number: return (.number, value.double)
    case .boolean: return (.boolean, value.boolean == true ? 1 : 0)
    case .array: return (.array, Double(value.count))
    case .object, .null: return (.object, nil)
    case .string:
      switch Temporal(value.string ?? "") {
      case nil: return (.string, nil)
      case .dateTime(let instant)?: return (.dateTime, Double(instant.microseconds))
      case .date(let date)?: return (.date, Double(date.days))
      case .time(let time)?: return (.time, Double(time.microseconds))
      }
    }
  }

  /// The type of the Attributes whose instances are of this kind.
  var attributeType: AttributeType {
    switch self {
    case .none, .number, .boolean, .array, .string, .dateTime, .date, .time, .object, .scopes:
      .property
    case .list: .listProperty
    case .relationship: .relationship
    case .relationshipList: .listRelationship
    case .geometry: .geoProperty
    case .languageMap: .languageProperty
    case .vocabulary: .vocabProperty
    case .json: .jsonProperty
    }
  }
}
