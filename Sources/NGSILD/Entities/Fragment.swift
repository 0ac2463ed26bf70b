package import JSON
package import JSONLD

/// What a client gave in the body of a provision operation: checked, names expanded, nothing
/// applied yet.
///
/// Standard: Entity and Entity Fragment (GS CIM 009, 5.4).
package struct EntityFragment: Sendable {
  package var id: String?
  package var types: [IRI]
  package var scope: FragmentValue<[String]>
  package var expiresAt: FragmentValue<DateTimeText>
  package var attributes: [NamedFragments]
  package var given = GivenMembers()

  package struct NamedFragments: Sendable {
    package let name: IRI
    package var instances: [AttributeFragment]
  }

  /// Whether it says nothing that an operation could apply.
  package var isEmpty: Bool {
    types.isEmpty && scope.isAbsent && expiresAt.isAbsent && attributes.isEmpty
  }
}

/// What a fragment says of one member.
package enum FragmentValue<Value: Sendable>: Sendable {
  case absent
  /// The NGSI-LD Null: the member is removed.
  case deletion
  case value(Value)

  package var isAbsent: Bool {
    if case .absent = self { true } else { false }
  }
}

/// What a fragment says of one Attribute instance.
package struct AttributeFragment: Sendable {
  /// nil where the fragment names neither a type nor a value.
  package var type: AttributeType?
  /// Whether the type follows from the value, so that a stored Attribute may tell it better.
  package var isTypeInferred = false
  package var value: FragmentValue<JSONValue> = .absent
  /// nil for the default instance.
  package var datasetId: IRI?
  /// A value may be the NGSI-LD Null where the operation allows it.
  package var members: [AttributeInstance.Member] = []
  package var subAttributes: [EntityFragment.NamedFragments] = []
  /// What is to be read once the stored Attribute is known; merges only.
  package var unread: UnreadAttribute?
  package var given = GivenMembers()

  package var isDeletion: Bool {
    if case .deletion = value { true } else { false }
  }
}

/// What a Context Source says that brokers alone can know; read by the rules `answer`,
/// `temporalAnswer` and `notification` only, since nobody else is asked.
package struct GivenMembers: Sendable {
  package var createdAt: DateTime?
  package var modifiedAt: DateTime?
  package var deletedAt: JSONValue?
  package var instanceId: JSONValue?
}

/// Which form a body has, where it may hold the NGSI-LD Null, and whether its Attributes need a
/// value.
package enum FragmentRules: Sendable {
  /// Create, append, replace, upsert: every Attribute is complete, no Nulls.
  case complete
  /// Update Attributes: complete, or deleted by Null.
  ///
  /// Choice: a Null for a member of a complete Attribute is as good as leaving it out.
  case update
  /// Partial Attribute Update: any members, each of which may be deleted.
  case partial
  /// Merge: as partial, and below values.
  case merge
  /// Merge of the simplified representation: values alone (4.5.4).
  case simplifiedMerge
  /// The history of an Entity: any number of complete instances, among them records of deletions,
  /// whose value is Null; no other Nulls (5.5.4).
  case temporal
  /// What a Context Source answers: complete, with its own timestamps.
  case answer
  /// What a Context Source answers of the history of an Entity.
  case temporalAnswer
  /// What a Context Source notifies of: as an answer, with Nulls for what was deleted and with
  /// previous values (5.8.6, 5.2.14.1).
  case notification

  var allowsDeletion: Bool {
    switch self {
    case .complete, .temporal, .answer, .temporalAnswer, .notification: false
    default: true
    }
  }
  /// Whether an Attribute has any number of instances, some of which tell of deletions.
  var isOfHistory: Bool { self == .temporal || self == .temporalAnswer }
  var isOfAnswers: Bool {
    self == .answer || self == .temporalAnswer || self == .notification
  }
  var allowsDeletionInValues: Bool { self == .merge || self == .simplifiedMerge }
  var needsValue: Bool {
    self == .complete || self == .update || isOfHistory || isOfAnswers
  }
}
