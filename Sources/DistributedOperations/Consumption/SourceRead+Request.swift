import JSON
import JSONLD
import NGSILD
import NGSILDQuery
package import Registrations

/// A read as the request that asks a Context Source for it.
///
/// Answers are wanted normalized and with timestamps, since merging needs both (4.5.5.3).
extension SourceRead {
  /// Which of the Entities that a source holds are asked for at once.
  package struct Range: Hashable, Sendable {
    package var offset = 0
    package var limit: Int

    package init(offset: Int = 0, limit: Int) {
      self.offset = offset
      self.limit = limit
    }
  }

  /// - Parameter range: of a query; without meaning for a retrieval.
  package func request(at address: SourceAddress, _ range: Range) -> SourceRequest {
    switch operation {
    case .retrieveEntity:
      let id = selector.ids.first?.text ?? ""
      return address.request(
        "GET", "/entities/\(pathSegment(id))", attributes(address) + Self.times)
    case .queryEntity:
      return address.request(
        "GET", "/entities", parameters(address) + Self.times + page(range), entityMap: entityMap)
    case .queryBatch:
      return address.request(
        "POST", "/entityOperations/query", Self.times + page(range), body: body(address),
        entityMap: entityMap)
    case .retrieveTemporal:
      let id = selector.ids.first?.text ?? ""
      return address.request(
        "GET", "/temporal/entities/\(pathSegment(id))",
        attributes(address) + datasets + instances + Self.times)
    case .queryTemporal:
      return address.request(
        "GET", "/temporal/entities", parameters(address) + instances + Self.times + page(range),
        entityMap: entityMap)
    }
  }

  /// The request that has the source make an EntityMap of what it finds (5.14.4, 5.14.5); nil for a
  /// retrieval.
  package func mapRequest(at address: SourceAddress) -> SourceRequest? {
    switch operation {
    case .retrieveEntity, .retrieveTemporal: nil
    case .queryEntity, .queryBatch: address.request("GET", "/entityMaps", parameters(address))
    case .queryTemporal:
      address.request("GET", "/temporal/entityMaps", parameters(address) + instances)
    }
  }

  /// By what name registrations list that operation.
  package var mapOperation: RegisteredOperation {
    temporal == nil ? .createEntityMapQueryEntity : .createEntityMapQueryTemporal
  }

  private typealias Parameters = [(name: String, value: String)]

  private static let times: Parameters = [("options", "sysAttrs")]

  private func page(_ range: Range) -> Parameters {
    var parameters = [("limit", "\(range.limit)")]
    if range.offset > 0 { parameters.append(("offset", "\(range.offset)")) }
    return parameters
  }

  private func attributeNames(_ address: SourceAddress) -> [String] {
    attributes.map(address.name).sorted()
  }

  /// `attrs` is understood by sources of all versions, unlike `pick`.
  private func attributes(_ address: SourceAddress) -> Parameters {
    attributes.isEmpty ? [] : [("attrs", attributeNames(address).joined(separator: ","))]
  }

  // MARK: GET

  private func parameters(_ address: SourceAddress) -> Parameters {
    var parameters: Parameters = []
    if let types = selector.types { parameters.append(("type", types.text(naming: address.name))) }
    if !selector.ids.isEmpty {
      parameters.append(("id", selector.ids.map(\.text).joined(separator: ",")))
    }
    if let pattern = selector.idPattern { parameters.append(("idPattern", pattern.text)) }
    return parameters + attributes(address) + conditions(address)
  }

  private func conditions(_ address: SourceAddress) -> Parameters {
    var parameters: Parameters = []
    if let query = filters.query {
      parameters.append(("q", query.text(naming: address.queryName)))
    }
    if let scopes = filters.scopes { parameters.append(("scopeQ", scopes.description)) }
    if let geo = filters.geo {
      parameters += [
        ("georel", "\(geo.relation)"), ("geometry", geo.geometry.kind.rawValue),
        ("coordinates", geo.geometry.coordinates),
      ]
      if geo.geoproperty != GeoQuery.location {
        parameters.append(("geoproperty", address.name(geo.geoproperty)))
      }
    }
    if let sources = filters.sources {
      parameters.append(("csf", sources.text(naming: address.queryName)))
    }
    return parameters + datasets
  }

  private var datasets: Parameters {
    filters.datasets.map { [("datasetId", "\($0)")] } ?? []
  }

  /// The temporal query (4.11).
  private var instances: Parameters {
    guard let temporal else { return [] }
    var parameters: Parameters = []
    switch temporal.interval {
    case .before(let end)?: parameters += [("timerel", "before"), ("timeAt", "\(end)")]
    case .after(let start)?: parameters += [("timerel", "after"), ("timeAt", "\(start)")]
    case .between(let start, let end)?:
      parameters += [("timerel", "between"), ("timeAt", "\(start)"), ("endTimeAt", "\(end)")]
    case nil: break
    }
    if temporal.timeproperty != .observedAt {
      parameters.append(("timeproperty", temporal.timeproperty.rawValue))
    }
    if let lastN = temporal.lastN { parameters.append(("lastN", "\(lastN)")) }
    return parameters
  }

  // MARK: POST

  private func body(_ address: SourceAddress) -> SourceBody {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "Query")
    writeEntities(address, to: &writer)
    if !attributes.isEmpty { writer.member("attrs", attributeNames(address)) }
    if let query = filters.query { writer.member("q", query.text(naming: address.queryName)) }
    if let scopes = filters.scopes { writer.member("scopeQ", "\(scopes)") }
    if let geo = filters.geo { writer.write(geo, address) }
    if let sources = filters.sources {
      writer.member("csf", sources.text(naming: address.queryName))
    }
    if let datasets = filters.datasets {
      writer.member("datasetId", "\(datasets)".split(separator: ",").map(String.init))
    }
    writer.endObject()
    return .object(writer.bytes)
  }

  private func writeEntities(_ address: SourceAddress, to writer: inout JSONWriter) {
    guard selector != EntitySelector() else { return }
    writer.name("entities")
    writer.beginArray()
    let ids = selector.ids.map { Optional($0) }
    for id in ids.isEmpty ? [nil] : ids {
      writer.beginObject()
      if let types = selector.types { writer.member("type", types.text(naming: address.name)) }
      if let id { writer.member("id", id.text) }
      if let pattern = selector.idPattern { writer.member("idPattern", pattern.text) }
      writer.endObject()
    }
    writer.endArray()
  }
}

extension SourceAddress {
  /// The name of an Attribute within `q`, where an IRI could be taken for more than a name.
  fileprivate func queryName(_ iri: IRI) -> String {
    let name = name(iri)
    return name == iri.text ? iri.bracketed : name
  }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: StaticString, _ value: String) {
    self.name(name)
    string(value)
  }

  fileprivate mutating func member(_ name: StaticString, _ values: [String]) {
    self.name(name)
    beginArray()
    for value in values { string(value) }
    endArray()
  }

  fileprivate mutating func write(_ geo: GeoQuery, _ address: SourceAddress) {
    name("geoQ")
    beginObject()
    member("georel", "\(geo.relation)")
    member("geometry", geo.geometry.kind.rawValue)
    member("coordinates", geo.geometry.coordinates)
    if geo.geoproperty != GeoQuery.location {
      member("geoproperty", address.name(geo.geoproperty))
    }
    endObject()
  }
}
