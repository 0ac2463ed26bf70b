import JSON
import JSONLD
import NGSILD

/// An Entity or Attribute instance in the form in which Entities are stored: expanded names, each
/// Attribute an array of its instances.
extension JSONValue {
  func member(_ name: IRI) -> JSONValue? { member(name.text) }

  func member(_ member: CoreMember) -> JSONValue? { self.member(member.rawValue) }

  func member(_ name: String) -> JSONValue? {
    var name = name
    return name.withUTF8 { expected in
      for (name, value) in members {
        if name.hasEscapes {
          if let name = name.string, name.utf8.elementsEqual(expected) { return value }
        } else if name.withContents({ $0.elementsEqual(expected) }) {
          return value
        }
      }
      return nil
    }
  }

  /// The elements of an array; of another value itself.
  var elementsOrSelf: [JSONValue] { isArray ? Array(elements) : [self] }

  /// Instances of an Attribute or sub-Attribute that have not expired (GS CIM 009, 4.22).
  func instances(of attribute: IRI, at now: DateTime) -> [JSONValue] {
    (member(attribute)?.elementsOrSelf ?? []).filter { !$0.isExpired(at: now) }
  }

  func isExpired(at now: DateTime) -> Bool {
    guard let text = self["expiresAt"], let instant = DateTime(text) else { return false }
    return instant <= now
  }
}

/// When a stored Entity or Attribute instance was created and modified; an instance leaves out what
/// can be told from what is around it (see `Entity.init(stored:)`).
struct StoredTimes {
  let created: JSONValue?
  let modified: JSONValue?
  private let surrounding: JSONValue?

  init(ofEntity entity: JSONValue) {
    created = entity["createdAt"]
    modified = entity["modifiedAt"]
    surrounding = created
  }

  private init(ofInstance instance: JSONValue, in surrounding: JSONValue?) {
    created = instance["createdAt"] ?? surrounding
    modified = instance["modifiedAt"] ?? created
    self.surrounding = modified
  }

  func ofInstance(_ instance: JSONValue) -> StoredTimes {
    StoredTimes(ofInstance: instance, in: surrounding)
  }
}
