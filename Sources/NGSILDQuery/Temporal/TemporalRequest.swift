package import JSON
package import NGSILD

/// What a request for the temporal evolution of Entities asks for, apart from page and format.
///
/// Standard: GS CIM 009, 5.7.3, 5.7.4, 6.18.3.2, 6.19.3.1.
package struct TemporalRequest: Hashable, Sendable {
  package let conditions: QueryRequest
  package let temporal: TemporalQuery
  /// Nil if nothing says what to compute.
  package let aggregation: Aggregation?

  /// Reads the parameters of a URL.
  ///
  /// - Parameter value: the value of a parameter; nil if it is not given.
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(
    parameters value: (String) -> String?, expander: some NameExpander
  ) throws(NGSILDError) {
    conditions = try QueryRequest(parameters: value, expander: expander)
    temporal = try TemporalQuery(
      timerel: value("timerel"), timeAt: value("timeAt"), endTimeAt: value("endTimeAt"),
      timeproperty: value("timeproperty"), lastN: value("lastN"))
    aggregation = try Aggregation(
      aggrMethods: value("aggrMethods"), aggrPeriodDuration: value("aggrPeriodDuration"))
  }

  /// Reads a Query with `temporalQ`.
  ///
  /// - Throws: `badRequestData`, `tooComplexQuery`.
  package init(_ body: JSONValue, expander: some NameExpander) throws(NGSILDError) {
    conditions = try QueryRequest(body, isTemporal: true, expander: expander)
    guard let temporalQ = body["temporalQ"] else {
      throw .badRequestData(
        "The Query has no 'temporalQ'; 'timerel' and 'timeAt' are expected in it")
    }
    temporal = try TemporalQuery(temporalQ)
    let params = body["aggrParams"]
    if let params, !params.isObject { throw .badRequestData("'aggrParams' is no JSON object") }
    aggregation = try Aggregation(params ?? temporalQ)
  }

  /// Refuses what a query for the temporal evolution of Entities does not know (5.7.4.4).
  ///
  /// - Parameter isLocal: whether no Context Source is asked.
  /// - Throws: `badRequestData`.
  package func requireQuery(isLocal: Bool) throws(NGSILDError) {
    guard temporal.interval != nil else {
      throw .badRequestData(
        "The query has no temporal query; timerel and timeAt are expected")
    }
    guard conditions.ordering?.isByIdAlone ?? true else {
      throw .badRequestData("orderBy can be 'id' only, when the temporal evolution is queried")
    }
    try conditions.requireRestriction(isLocal: isLocal)
  }
}
