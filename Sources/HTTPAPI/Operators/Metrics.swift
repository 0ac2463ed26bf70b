import Synchronization

/// Counts what operators watch, and writes it as Prometheus text.
package final class Metrics: Sendable {
  private struct Series: Hashable {
    let route: String
    let method: String
    let status: Int
  }

  /// A histogram with counts per bucket, not cumulated; the last is for what exceeds all bounds.
  private struct Histogram {
    var counts: [Int]
    var sum = 0.0

    init(bounds: [Double]) { counts = [Int](repeating: 0, count: bounds.count + 1) }

    mutating func add(_ value: Double, bounds: [Double]) {
      counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
      sum += value
    }
  }

  private struct State {
    var requests: [Series: Histogram] = [:]
    var batches = Histogram(bounds: Metrics.batchBounds)
    var attempts = (succeeded: 0, failed: 0)
  }

  private static let secondBounds = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  private static let batchBounds: [Double] = [1, 2, 4, 8, 16, 32, 64]

  private let state = Mutex(State())

  package init() {}

  package func requestAnswered(_ request: AnsweredRequest) {
    let (seconds, attoseconds) = request.duration.components
    let time = Double(seconds) + Double(attoseconds) * 1e-18
    let series = Series(route: request.route, method: request.method, status: request.status)
    state.withLock { state in
      state.requests[series, default: Histogram(bounds: Self.secondBounds)]
        .add(time, bounds: Self.secondBounds)
    }
  }

  package func batchCommitted(operations: Int) {
    state.withLock { $0.batches.add(Double(operations), bounds: Self.batchBounds) }
  }

  package func notificationAttempted(succeeded: Bool) {
    state.withLock { state in
      if succeeded { state.attempts.succeeded += 1 } else { state.attempts.failed += 1 }
    }
  }

  /// A value that is read when someone asks.
  package struct Gauge: Sendable {
    package let name: String
    package let help: String
    package let labels: String
    package let value: Double

    /// - Parameter labels: `name="value"` pairs with commas; empty for none.
    package init(_ name: String, help: String, labels: String = "", value: Double) {
      self.name = name
      self.help = help
      self.labels = labels
      self.value = value
    }
  }

  /// Prometheus text exposition, version 0.0.4.
  package func text(gauges: [Gauge]) -> String {
    let state = state.withLock { $0 }
    var text = """
      # HELP kontext_request_seconds Time from a request's arrival to its answer.
      # TYPE kontext_request_seconds histogram

      """
    let order = state.requests.keys.sorted { ($0.route, $0.method) < ($1.route, $1.method) }
    for series in order {
      guard let histogram = state.requests[series] else { continue }
      let labels =
        "route=\"\(series.route)\",method=\"\(series.method)\",status=\"\(series.status)\""
      write("kontext_request_seconds", labels, histogram, Self.secondBounds, to: &text)
    }
    text += """
      # HELP kontext_write_batch_operations Operations that were committed together.
      # TYPE kontext_write_batch_operations histogram

      """
    write("kontext_write_batch_operations", "", state.batches, Self.batchBounds, to: &text)
    text += """
      # HELP kontext_notification_attempts_total Notifications sent, by outcome.
      # TYPE kontext_notification_attempts_total counter
      kontext_notification_attempts_total{outcome="succeeded"} \(state.attempts.succeeded)
      kontext_notification_attempts_total{outcome="failed"} \(state.attempts.failed)

      """
    var described: Set<String> = []
    for gauge in gauges {
      if described.insert(gauge.name).inserted {
        text += "# HELP \(gauge.name) \(gauge.help)\n# TYPE \(gauge.name) gauge\n"
      }
      text += "\(gauge.name)\(braced(gauge.labels)) \(gauge.value)\n"
    }
    return text
  }

  private func write(
    _ name: String, _ labels: String, _ histogram: Histogram, _ bounds: [Double],
    to text: inout String
  ) {
    var total = 0
    let separator = labels.isEmpty ? "" : ","
    for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
      total += count
      text += "\(name)_bucket{\(labels)\(separator)le=\"\(bound)\"} \(total)\n"
    }
    text += "\(name)_sum\(braced(labels)) \(histogram.sum)\n"
    text += "\(name)_count\(braced(labels)) \(total)\n"
  }

  private func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }
}
