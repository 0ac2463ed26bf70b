import JSON
import JSONLD
package import NGSILD
import NGSILDQuery
import Subscriptions

/// A query over Snapshots, by the members that they have (GS CIM 009, 5.16.7).
///
/// Shape: `snapshotPriority<5;snapshotStatus=="failure"`.
package struct SnapshotQuery: Sendable {
  private let tree: Query

  /// - Throws: `badRequestData`, also for the name of anything but a member of a Snapshot;
  ///   `tooComplexQuery`.
  package init(parsing text: String) throws(NGSILDError) {
    tree = try Query(parsing: text, expander: MemberNames())
    for term in tree.terms {
      guard case .value(let path) = term.path, Self.isMember(path) else {
        throw .badRequestData(
          "q '\(text.prefix(200))' asks for what Snapshots do not have; their members are "
            + "\(Self.members.sorted().joined(separator: ", ")), createdAt, modifiedAt, expiresAt")
      }
    }
  }

  package func matches(_ snapshot: Snapshot, at now: DateTime) -> Bool {
    guard let entity = snapshot.entity else { return false }
    return tree.matches(entity, at: now)
  }

  private static let members: Set = [
    "id", "snapshotPriority", "snapshotStatus", "snapshotLifetime", "endpoint", "lastUsedAt",
  ]

  private static func isMember(_ path: ValuePath) -> Bool {
    if let member = path.member {
      return path.attributes.isEmpty
        && [.id, .createdAt, .modifiedAt, .expiresAt].contains(member)
    }
    return path.attributes.count == 1 && members.contains(path.attributes[0].text)
      && path.valueMembers.isEmpty
  }
}

/// Names of members stand for themselves.
private struct MemberNames: NameExpander {
  func expand(_ name: String) -> IRI { IRI(name) }
}

extension Snapshot {
  /// Its members as those of an Entity in stored form, which is what queries look at.
  fileprivate var entity: JSONValue? {
    try? mergedDocument { writer in
      writer.beginObject()
      writer.member("id", id)
      writer.member("createdAt", createdAt.description)
      writer.member("modifiedAt", modifiedAt.description)
      writer.member("expiresAt", expiresAt.description)
      writer.property("snapshotPriority") { $0.integer(priority) }
      writer.property("snapshotStatus") { $0.string(status.rawValue) }
      writer.property("lastUsedAt") { $0.string(lastUsedAt.description) }
      if let lifetime { writer.property("snapshotLifetime") { $0.string(lifetime.text) } }
      if let endpoint { writer.property("endpoint") { $0.string(endpoint) } }
      writer.endObject()
    }
  }
}

extension JSONWriter {
  fileprivate mutating func property(_ name: StaticString, _ value: (inout JSONWriter) -> Void) {
    self.name(name)
    beginArray()
    beginObject()
    member("type", "Property")
    self.name("value")
    value(&self)
    endObject()
    endArray()
  }
}
