import DistributedOperations
package import JSON
package import JSONLD
package import NGSILD
package import NGSILDQuery
import Postgres
package import Registrations
package import Storage
package import Subscriptions

/// Context Source Registrations (GS CIM 009, 5.9 and 5.10).
extension Broker {
  /// 5.9.2: the registration is in force once this returns.
  ///
  /// - Throws: `invalidRequest`, `badRequestData`, `alreadyExists`, or `conflict`.
  package func createRegistration(
    _ body: JSONValue, context: Context, in tenant: TenantNumber, named tenantName: TenantName
  ) async throws(NGSILDError) -> Registration {
    let registration = try RegistrationParser(context: context).registration(
      body, generatedID: "urn:ngsi-ld:ContextSourceRegistration:\(UUIDText())", at: .now)
    try requireCredentials(registration.grant(in: tenantName.text))
    try await createNames(of: registration)
    try await changeRegistrations(of: tenant) { transaction throws(PostgresError) in
      try await transaction.reap(registration.id)
      if try await transaction.registration(registration.id) != nil {
        return NGSILDError(
          .alreadyExists, "The Context Source Registration '\(registration.id)' exists already")
      }
      if let conflict = try await transaction.conflict(with: registration) { return conflict }
      try await transaction.insert(registration)
      return nil
    }
    return registration
  }

  /// 5.9.3: the change is in force once this returns.
  ///
  /// - Throws: as `createRegistration`, but `resourceNotFound` for `alreadyExists`.
  package func updateRegistration(
    _ id: String, with fragment: JSONValue, context: Context, in tenant: TenantNumber,
    named tenantName: TenantName
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Registration id")
    while true {
      let (row, _) = try await registrationStore.registration(id, tenant: tenant, at: .now)
      let old = CompiledRegistration(try Registration(row), key: row.number)
      let new = try RegistrationParser(context: context).update(
        old.registration, with: fragment, at: .now)
      let grant = new.grant(in: tenantName.text)
      if grant != old.registration.grant(in: tenantName.text) { try requireCredentials(grant) }
      try await createNames(of: new)
      var isCurrent = false
      try await changeRegistrations(of: tenant) { transaction throws(PostgresError) in
        isCurrent = transaction.index[row.number]?.registration.stored == old.registration.stored
        guard isCurrent else { return nil }
        // Choice: what an update leaves as it was is not held against what came to be since.
        if old.registration.mode != new.mode || old.registration.information != new.information,
          let conflict = try await transaction.conflict(with: new, replacing: old.key)
        {
          return conflict
        }
        try await transaction.replace(old, by: new)
        return nil
      }
      // Without it, another change came between.
      if isCurrent { return }
    }
  }

  /// 5.9.4.
  ///
  /// - Throws: as `retrieveRegistration`.
  package func deleteRegistration(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) {
    try requireURI(id, as: "The Registration id")
    try await changeRegistrations(of: tenant) { transaction throws(PostgresError) in
      guard let registration = try await transaction.registration(id) else {
        return .missingRegistration(id)
      }
      try await transaction.delete(registration)
      return nil
    }
  }

  /// 5.10.1.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for an id that is no URI.
  package func retrieveRegistration(
    _ id: String, in tenant: TenantNumber
  ) async throws(NGSILDError) -> RegistrationView {
    try requireURI(id, as: "The Registration id")
    try await writeRegistrationCounts()
    let (row, record) = try await registrationStore.registration(id, tenant: tenant, at: .now)
    return try RegistrationView(row, record)
  }

  /// 5.10.2: in the order of their creation.
  ///
  /// - Parameter temporal: nil for sources that have what is now.
  package func queryRegistrations(
    _ request: QueryRequest, _ temporal: TemporalQuery?, limit: Int, offset: Int, counts: Bool,
    in tenant: TenantNumber
  ) async throws(NGSILDError) -> (views: [RegistrationView], count: Int?) {
    try await database { () async throws(PostgresError) in
      try await registrations.refresh(from: registrationStore.readers)
    }
    try await writeRegistrationCounts()
    let now = DateTime.now
    let specification = EntitySpecification(request)
    var query = RegistrationQuery(request, temporal)
    query.numbers = registrations.index(of: tenant).matches(for: specification, at: now)
      .map(\.registration.key)
    let page = try await registrationStore.page(
      query, limit: limit, offset: offset, counts: counts, at: now, tenant: tenant)
    var views: [RegistrationView] = []
    for (row, record) in page.registrations { views.append(try RegistrationView(row, record)) }
    return (views, page.count)
  }

  private func writeRegistrationCounts() async throws(NGSILDError) {
    try await database { () async throws(PostgresError) in
      try await registrations.writeCounts(to: registrationStore.readers)
    }
  }

  private func requireCredentials(_ grant: SourceGrant?) throws(NGSILDError) {
    if let grant { try sources.credentials.require(for: grant) }
  }

  private func createNames(of registration: Registration) async throws(NGSILDError) {
    try await database { () async throws(PostgresError) in
      try await registrationStore.createNames(of: NewRegistration(registration))
    }
  }

  // MARK: Transactions

  /// Carries out `body` in a transaction, unless it refuses or throws, and delivers what that owes.
  func changeRegistrations(
    of tenant: TenantNumber,
    _ body: (RegistrationTransaction) async throws(PostgresError) -> NGSILDError?
  ) async throws(NGSILDError) {
    let refusal = try await database { () async throws(PostgresError) in
      try await commitRegistrations(of: tenant, body)
    }
    if let refusal { throw refusal }
  }

  func commitRegistrations(
    of tenant: TenantNumber,
    _ body: (RegistrationTransaction) async throws(PostgresError) -> NGSILDError?
  ) async throws(PostgresError) -> NGSILDError? {
    var owed: [OwedNotification] = []
    var version: RegistrationVersion = 0
    let refusal = try await entities.withWriter {
      connection throws(PostgresError) -> NGSILDError? in
      let transaction = try await RegistrationTransaction(self, tenant, on: connection)
      if let refusal = try await body(transaction) { return refusal }
      do throws(PostgresError) {
        owed = try await RegistrationStore.commit(
          transaction.due, by: delivery.process, on: connection)
      } catch {
        delivery.deliverIfCommitted(transaction.due)
        throw error
      }
      version = transaction.version
      return nil
    }
    await refreshRegistrations(to: version)
    keepCopiesAtSources(of: tenant)
    delivery.deliver(owed)
    return refusal
  }

  /// The change is committed: if the table cannot follow now, it will at its next check.
  private func refreshRegistrations(to version: RegistrationVersion) async {
    do throws(PostgresError) {
      try await registrations.refresh(to: version, from: registrationStore.readers)
    } catch {
      log.warning("registrations not refreshed", ["error": "\(error)"])
    }
  }
}

extension RegistrationQuery {
  fileprivate init(_ request: QueryRequest, _ temporal: TemporalQuery?) {
    self.init()
    self.temporal = temporal
    geo = request.geo
    scopes = request.scopes
    sources = request.sources
    query = request.query
  }
}

/// A registration with what is shown of it.
package struct RegistrationView: Sendable {
  package let registration: Registration
  package let record: DeliveryRecord

  init(
    _ row: StoredRegistration, _ record: StoredDeliveryRecord
  ) throws(NGSILDError) {
    registration = try Registration(row)
    self.record = DeliveryRecord(record)
  }

  package func write(to writer: inout JSONWriter, as representation: RegistrationRepresentation) {
    representation.write(registration, record, to: &writer)
  }
}
