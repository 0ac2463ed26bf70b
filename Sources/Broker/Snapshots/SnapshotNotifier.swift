import EventLoop
import HTTPClient
import Log
import NGSILD
import Snapshots
import Subscriptions

/// Sends notifications of Snapshots to their endpoints (GS CIM 009, 5.16.6).
///
/// Choice: one that fails is tried some times with growing pauses; it does not outlive the process,
/// since the Snapshot itself tells all that it says.
struct SnapshotNotifier: Sendable {
  let client: HTTPClient
  let loop: EventLoop
  let log: Log

  private static let attemptsMax = 6
  private static let firstPause = Duration.seconds(1)
  private static let timeout = Duration.seconds(5)

  /// Does nothing where nobody wants to know.
  func notify(of snapshot: Snapshot, tenantName: String, isGone: Bool) {
    guard let endpoint = snapshot.endpoint else { return }
    let request = HTTPClientRequest(
      method: "POST", url: endpoint,
      headers: snapshot.notificationHeaders(tenantName: tenantName),
      body: snapshot.notification(at: .now, uuid: UUIDText(), isGone: isGone),
      timeout: Self.timeout, responseBytesMax: 1 << 16)
    send(request, of: snapshot.id, attempt: 1)
  }

  private func send(_ request: HTTPClientRequest, of id: String, attempt: Int) {
    Task(executorPreference: loop) {
      guard let failure = await client.failure(of: request) else { return }
      guard attempt < Self.attemptsMax else {
        log.warning("snapshot notification given up", ["snapshot": id, "reason": failure])
        return
      }
      loop.after(Self.firstPause * (1 << (attempt - 1))) {
        send(request, of: id, attempt: attempt + 1)
      }
    }
  }
}
