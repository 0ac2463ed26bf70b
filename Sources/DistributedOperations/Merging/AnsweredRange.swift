package import NGSILD

/// How far an answer goes that holds a part of the instances: the header `Content-Range`.
///
/// Shape: `date-time 2026-01-01T00:00:00Z-2026-01-02T00:00:00Z/*`.
///
/// Standard: GS CIM 009, 6.3.10.
package struct AnsweredRange: Hashable, Sendable {
  /// The last instant of which the answer has all instances.
  package let end: DateTime

  /// nil for what has another shape.
  package init?(_ header: String) {
    guard header.hasPrefix("date-time ") else { return nil }
    let range = header.dropFirst("date-time ".count).prefix { $0 != "/" }
    guard let start = range.firstIndex(of: "Z") else { return nil }
    let rest = range[range.index(after: start)...]
    guard rest.first == "-", let end = DateTime(String(rest.dropFirst())) else { return nil }
    self.end = end
  }
}
