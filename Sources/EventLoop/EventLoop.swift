import CEventLoop
import Glibc
import Synchronization

/// What wants to hear that a file descriptor is ready; called on the loop's thread.
package protocol FileDescriptorHandler: AnyObject {
  func ready(_ events: ReadyEvents)
}

/// Readiness of a file descriptor, as epoll names it.
package struct ReadyEvents: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = ReadyEvents(rawValue: EPOLLIN.rawValue)
  package static let write = ReadyEvents(rawValue: EPOLLOUT.rawValue)
  package static let error = ReadyEvents(rawValue: EPOLLERR.rawValue)
  package static let hangUp = ReadyEvents(rawValue: EPOLLHUP.rawValue)
}

/// One thread that waits for file descriptors and timers and runs the tasks that prefer it.
///
/// Everything but `enqueue`, `stop` and `isOnLoop` is called on the loop's thread, or before
/// `run`. Tasks are bound to it by `Task(executorPreference: loop)`.
///
/// `@unchecked Sendable`: the mutable state is touched on the loop's thread only, except for
/// `remote`, which has a mutex.
package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
  /// When a hook runs before the loop sleeps: sources of work first, flushes of what they made
  /// last.
  package enum Phase { case input, flush }

  private struct Hook {
    let token: Int
    let run: () -> Duration?
  }

  private let poll: Int32
  private let wakeUp: Int32
  private let thread = Atomic<UInt>(0)
  private let remote = Mutex<[UnownedJob]>([])
  private let isStopping = Atomic<Bool>(false)

  private var jobs: [UnownedJob] = []
  private var running: [UnownedJob] = []
  private var handlers: [(any FileDescriptorHandler)?] = []
  private var inputHooks: [Hook] = []
  private var flushHooks: [Hook] = []
  private var nextHook = 0
  var timers = TimerQueue()

  package init() {
    poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    wakeUp = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    precondition(poll >= 0 && wakeUp >= 0, "No file descriptors left for an event loop")
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(u64: UInt64(wakeUp)))
    epoll_ctl(poll, EPOLL_CTL_ADD, wakeUp, &event)
  }

  deinit {
    close(poll)
    close(wakeUp)
  }

  // MARK: Jobs

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isOnLoop {
      jobs.append(job)
      return
    }
    let isFirst = remote.withLock { remote in
      remote.append(job)
      return remote.count == 1
    }
    if isFirst { wake() }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    UnownedSerialExecutor(ordinary: self)
  }

  package var isOnLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  // MARK: File descriptors

  package func watch(
    _ descriptor: Int32, for events: ReadyEvents, handler: any FileDescriptorHandler
  ) {
    while handlers.count <= Int(descriptor) { handlers.append(nil) }
    let isKnown = handlers[Int(descriptor)] != nil
    handlers[Int(descriptor)] = handler
    control(isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, events)
  }

  /// Changes the events of a watched descriptor.
  package func rewatch(_ descriptor: Int32, for events: ReadyEvents) {
    control(EPOLL_CTL_MOD, descriptor, events)
  }

  /// Call it before the descriptor is closed.
  package func unwatch(_ descriptor: Int32) {
    guard Int(descriptor) < handlers.count, handlers[Int(descriptor)] != nil else { return }
    handlers[Int(descriptor)] = nil
    epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, nil)
  }

  private func control(_ operation: Int32, _ descriptor: Int32, _ events: ReadyEvents) {
    var event = epoll_event(
      events: events.rawValue, data: epoll_data(u64: UInt64(UInt32(bitPattern: descriptor))))
    if epoll_ctl(poll, operation, descriptor, &event) != 0 && errno == EEXIST {
      epoll_ctl(poll, EPOLL_CTL_MOD, descriptor, &event)
    }
  }

  // MARK: Hooks

  /// Runs `hook` each time before the loop sleeps.
  ///
  /// The hook returns how long the loop may sleep at most, or nil if it does not mind.
  /// Returns a token for `removeHook`.
  @discardableResult
  package func beforeSleep(_ phase: Phase, _ hook: @escaping () -> Duration?) -> Int {
    nextHook += 1
    let hook = Hook(token: nextHook, run: hook)
    switch phase {
    case .input: inputHooks.append(hook)
    case .flush: flushHooks.append(hook)
    }
    return nextHook
  }

  package func removeHook(_ token: Int) {
    inputHooks.removeAll { $0.token == token }
    flushHooks.removeAll { $0.token == token }
  }

  // MARK: Running

  /// Runs on the calling thread until `stop`.
  package func run() {
    thread.store(UInt(pthread_self()), ordering: .relaxed)
    defer { thread.store(0, ordering: .relaxed) }
    withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 256) { events in
      while !isStopping.load(ordering: .acquiring) { turn(events) }
    }
  }

  /// Ends `run` after the turn under way; callable from any thread.
  package func stop() {
    isStopping.store(true, ordering: .releasing)
    wake()
  }

  private func turn(_ events: UnsafeMutableBufferPointer<epoll_event>) {
    fireTimers()
    runJobs()
    var wait = timers.untilNext(at: .now)
    for hook in inputHooks { shorten(&wait, to: hook.run()) }
    for hook in flushHooks { shorten(&wait, to: hook.run()) }
    if !jobs.isEmpty { wait = .zero }
    let count = epoll_wait(poll, events.baseAddress, Int32(events.count), milliseconds(wait))
    guard count > 0 else { return }
    for event in events.prefix(Int(count)) { dispatch(event) }
  }

  private func runJobs() {
    while !jobs.isEmpty {
      swap(&jobs, &running)
      for job in running {
        job.runSynchronously(
          isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
      }
      running.removeAll(keepingCapacity: true)
    }
  }

  private func dispatch(_ event: epoll_event) {
    let descriptor = Int32(truncatingIfNeeded: event.data.u64)
    if descriptor == wakeUp {
      var count: UInt64 = 0
      _ = read(wakeUp, &count, 8)
      let arrived = remote.withLock { remote in
        defer { remote.removeAll(keepingCapacity: true) }
        return remote
      }
      jobs.append(contentsOf: arrived)
    } else if let handler = handlers[Int(descriptor)] {
      handler.ready(ReadyEvents(rawValue: event.events))
    }
  }

  private func wake() {
    var one: UInt64 = 1
    _ = write(wakeUp, &one, 8)
  }
}

private func shorten(_ wait: inout Duration?, to longest: Duration?) {
  if let longest { wait = min(wait ?? longest, longest) }
}

/// Whole milliseconds, rounded up so that a timer is due when the loop wakes; -1 for no limit.
private func milliseconds(_ wait: Duration?) -> Int32 {
  guard let wait else { return -1 }
  guard wait > .zero else { return 0 }
  let (seconds, attoseconds) = wait.components
  let ceiling = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  return Int32(clamping: seconds * 1000 + ceiling)
}
