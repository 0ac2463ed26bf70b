import Storage
import Subscriptions

/// Which of a subscription's notifications are in memory, and where the others are.
final class Feed {
  /// In memory, or delivered and not yet removed from the database.
  var known: Set<Int64> = []
  /// Waiting in the endpoint's queue or under way.
  var queued = 0
  /// The endpoint in whose queue they are.
  var endpoint = ""
  /// Processes that left rows in the database, the one to be read first before others. While there
  /// is one, new notifications stay in the database too, so that order is kept.
  var backlog: [ProcessNumber] = []
  /// Whether rows came to the backlog since the last read began.
  var hasNewRows = false
  var isReading = false
  /// Whether it waits for its turn to be read.
  var isListed = false

  /// Whether a new notification stays in the database, which makes it part of the backlog.
  func leaves(_ mustStay: Bool, max: Int, to process: ProcessNumber) -> Bool {
    guard !backlog.isEmpty || mustStay || queued >= max else { return false }
    addBacklog(of: process)
    return true
  }

  /// Rows of other processes go before those of this one, which are younger.
  func addBacklog(of process: ProcessNumber, isOwn: Bool = true) {
    hasNewRows = true
    guard !backlog.contains(process) else { return }
    if isOwn { backlog.append(process) } else { backlog.insert(process, at: 0) }
  }

  /// A read of rows of `process` has ended.
  func readEnded(of process: ProcessNumber, isLast: Bool) {
    isReading = false
    if isLast && !hasNewRows { backlog.removeAll { $0 == process } }
  }

  var isIdle: Bool { known.isEmpty && queued == 0 && backlog.isEmpty && !isReading }
}
