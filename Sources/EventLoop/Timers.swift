/// Names a timer so that it can be cancelled.
package struct TimerID: Hashable, Sendable {
  fileprivate let number: Int
}

/// Timers in the order in which they are due.
struct TimerQueue {
  private struct Entry {
    let due: ContinuousClock.Instant
    let id: TimerID
  }

  /// A binary heap by `due`; cancelled entries stay until they come up.
  private var heap: [Entry] = []
  private var actions: [TimerID: () -> Void] = [:]
  private var lastNumber = 0

  mutating func add(
    due: ContinuousClock.Instant, _ action: @escaping () -> Void
  ) -> TimerID {
    lastNumber += 1
    let id = TimerID(number: lastNumber)
    actions[id] = action
    heap.append(Entry(due: due, id: id))
    siftUp()
    return id
  }

  mutating func cancel(_ id: TimerID) { actions[id] = nil }

  /// Time until the first timer is due; nil without timers.
  mutating func untilNext(at now: ContinuousClock.Instant) -> Duration? {
    while let first = heap.first, actions[first.id] == nil { removeFirst() }
    return heap.first.map { max(.zero, $0.due - now) }
  }

  /// Takes the action that is due at `now`, if one is.
  mutating func takeDue(at now: ContinuousClock.Instant) -> (() -> Void)? {
    while let first = heap.first, first.due <= now {
      removeFirst()
      if let action = actions.removeValue(forKey: first.id) { return action }
    }
    return nil
  }

  private mutating func siftUp() {
    var child = heap.count - 1
    while child > 0, heap[child].due < heap[(child - 1) / 2].due {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { return }
      let right = left + 1
      let child = right < heap.count && heap[right].due < heap[left].due ? right : left
      guard heap[child].due < heap[parent].due else { return }
      heap.swapAt(child, parent)
      parent = child
    }
  }
}

extension EventLoop {
  /// Calls `action` on the loop's thread once `delay` has passed.
  @discardableResult
  package func after(_ delay: Duration, _ action: @escaping () -> Void) -> TimerID {
    timers.add(due: .now + delay, action)
  }

  package func cancel(_ timer: TimerID) { timers.cancel(timer) }

  func fireTimers() {
    let now = ContinuousClock.now
    while let action = timers.takeDue(at: now) { action() }
  }
}
