package import JSON
package import JSONLD
package import NGSILD
import Postgres

/// A part of the temporal evolution of one Entity.
package struct EntityHistory: Sendable {
  /// The Entity's stored form; of a deleted Entity, id and times.
  package let entity: JSONValue
  /// All types that it ever had.
  package let types: [IRI]
  /// Set if the Entity does not exist any more.
  package let deletedAt: DateTime?
  /// By Attribute.
  package internal(set) var series: [Series] = []

  /// Instances of one Attribute, of all its datasets, in the order of time.
  package struct Series: Sendable {
    /// Nil for the Entity's scopes.
    package let attribute: IRI?
    /// None if none lies in the range that the answer is confined to.
    package internal(set) var instances: [Instance]
    /// One of them, in the range or not, as an example of what they are.
    package let example: Instance
  }

  package struct Instance: Sendable {
    private let rows: Rows
    private let row: Int

    private let foreignIDs: ForeignInstanceIDs?

    init(_ rows: Rows, _ row: Int, _ foreignIDs: ForeignInstanceIDs? = nil) {
      self.rows = rows
      self.row = row
      self.foreignIDs = foreignIDs
    }

    /// nil for one of a Context Source that does not name it.
    package var id: InstanceID? {
      let number = rows[row][HistoryPlan.Column.id].int64
      return number < 0 ? foreignIDs?[number] : InstanceID(number)
    }

    /// Of the time property that was asked for.
    package var time: DateTime { DateTime(rows[row][HistoryPlan.Column.time].timestamp) }

    package var createdAt: DateTime {
      DateTime(rows[row][HistoryPlan.Column.created].timestamp)
    }

    package var modifiedAt: DateTime {
      DateTime(rows[row][HistoryPlan.Column.modified].timestamp)
    }

    /// The stored form, without these times, read anew each time: of many instances, few are held at once.
    package var document: JSONValue { JSONValue(storedDocument: documentBytes) }

    /// Whether the document is shown as it stands, but for system Attributes.
    package var isPlain: Bool { rows[row][HistoryPlan.Column.isPlain].bool }

    /// Writes the members of the document into an object, which it begins.
    package func beginObject(in writer: inout JSONWriter) {
      rows[row][HistoryPlan.Column.document].withUnsafeBytes { bytes in
        bytes.withMemoryRebound(to: UInt8.self) { writer.beginObject(continuing: $0) }
      }
    }

    var documentBytes: [UInt8] { rows[row][HistoryPlan.Column.document].bytes }
  }
}

/// What names an instance for good: the key of its row, or what a Context Source calls it.
package struct InstanceID: Hashable, Sendable, CustomStringConvertible {
  let number: Int64
  private let foreign: String?

  init(_ number: Int64) {
    self.number = number
    foreign = nil
  }

  init(foreign uri: String, _ number: Int64) {
    self.number = number
    foreign = uri
  }

  /// Nil for a URI that names no instance of this broker.
  package init?(uri: String) {
    let prefix = "\(Self.prefix)"
    guard uri.hasPrefix(prefix), let number = Int64(uri.dropFirst(prefix.count)) else {
      return nil
    }
    self.init(number)
  }

  package var description: String { foreign ?? "\(Self.prefix)\(number)" }

  package func write(to writer: inout JSONWriter) {
    if let foreign { return writer.string(foreign) }
    writer.string(Self.prefix, followedBy: number)
  }

  private static let prefix: StaticString = "urn:ngsi-ld:Instance:"
}

/// One page of Entities with their history.
package struct HistoryPage: Sendable {
  package let histories: [EntityHistory]
  /// Which range of time the answer is confined to; nil if it holds all that was asked for.
  package let range: HistoryRange?
  package let hasMore: Bool
  /// All Entities that match; nil unless asked for.
  package let count: Int?
}

/// The range of time that an answer holds without gaps (GS CIM 009, 6.3.10).
package struct HistoryRange: Hashable, Sendable {
  /// Later than `end` if the latest instances were asked for.
  package let start: DateTime
  package let end: DateTime
  /// Nil unless the latest instances were asked for.
  package let lastN: Int?
}

extension DateTime {
  init(_ timestamp: Timestamp) { self.init(microseconds: timestamp.microseconds) }
}
