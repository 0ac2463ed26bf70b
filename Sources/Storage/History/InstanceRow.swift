import JSON
import NGSILD

/// One row of history.
///
/// A class, since a batch looks at each many times, a column at a time.
final class InstanceRow: Sendable {
  let tenant: TenantNumber
  let entity: Int64
  let attribute: NameNumber
  let dataset: NameNumber
  let time: DateTime
  let isObserved: Bool
  let isDeletion: Bool
  let created: DateTime
  let modified: DateTime
  let expires: DateTime?
  let number: Double?
  let document: [UInt8]

  init(
    _ change: AttributeChange, tenant: TenantNumber, entity: Int64, at now: DateTime,
    names: NameTable
  ) {
    self.tenant = tenant
    self.entity = entity
    attribute = names.required(change.name.text)
    dataset = names.dataset(change.datasetId)
    isDeletion = change.after == nil
    modified = now
    created = now
    expires = change.after?.expiresAt
    var writer = JSONWriter(reservingCapacity: 256)
    if var instance = change.after {
      instance.createdAt = now
      instance.write(to: &writer, in: nil)
      let observed = instance[.observedAt].flatMap { DateTime($0) }
      time = observed ?? now
      isObserved = observed != nil
      number = instance.type == .property ? instance.value.double : nil
    } else {
      change.before?.writeDeletion(at: now, to: &writer)
      time = now
      isObserved = false
      number = nil
    }
    document = writer.bytes
  }
}

extension AttributeInstance {
  /// The record that this instance was deleted (GS CIM 009, 4.5.0, 4.5.6).
  fileprivate func writeDeletion(at now: DateTime, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("type")
    writer.string("\(type.term)")
    writer.name(type.valueMember.term)
    if type == .languageProperty {
      writer.beginObject()
      writer.name("@none")
      writer.string("\(ngsildNull)")
      writer.endObject()
    } else {
      writer.string("\(ngsildNull)")
    }
    if let datasetId {
      writer.name("datasetId")
      writer.string(datasetId)
    }
    for name: StaticString in ["createdAt", "modifiedAt", "deletedAt"] {
      writer.name(name)
      writer.string(now.description)
    }
    writer.endObject()
  }
}
