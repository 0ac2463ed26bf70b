/// Keeps the order of notifications: those of one lane are delivered one after the other.
package struct DeliveryLane: Sendable, Hashable {
  package let subscription: SubscriptionKey
  /// `entity.key`.
  package let entity: Int64

  package init(subscription: SubscriptionKey, entity: Int64) {
    self.subscription = subscription
    self.entity = entity
  }
}

/// How hard an endpoint is tried.
package struct EndpointLimits: Sendable {
  /// Requests under way at one endpoint.
  package var concurrencyMax = 16
  /// Wait after a first failure; it doubles up to `backOffMax`.
  package var backOffMin = Duration.milliseconds(500)
  package var backOffMax = Duration.seconds(60)

  package init() {}
}

/// The notifications that wait for one endpoint, and when which of them is sent.
///
/// The lanes take turns. After a failure a lane waits, longer each time, and the others go on;
/// after failures one upon the other, whatever the lane, the endpoint is held and then probed with
/// one request at a time until one succeeds. So one notification that the endpoint cannot digest
/// delays its lane only, and a dead endpoint delays itself only.
///
/// Pure: time and chance are arguments.
package struct EndpointQueue<Item: Sendable> {
  package typealias Instant = ContinuousClock.Instant

  package enum Action {
    case send(Item, attempts: Int)
    /// There is something to send, but not before.
    case wait(until: Instant)
    /// Nothing to do until something is appended or an attempt ends.
    case rest
  }

  private struct Entry {
    let id: Int64
    let item: Item
    var attempts: Int
  }

  private struct Lane {
    /// In the order of their ids.
    var entries: [Entry] = []
    var isInFlight = false
    /// Whether it stands in `ready` or `waiting`.
    var isListed = false
  }

  private let limits: EndpointLimits
  private var lanes: [DeliveryLane: Lane] = [:]
  /// Lanes whose first notification may be sent.
  private var ready = Turns<DeliveryLane>()
  /// Lanes whose first notification failed.
  private var waiting: [(until: Instant, lane: DeliveryLane)] = []
  private var heldUntil: Instant?
  private var failedAt: Instant?
  package private(set) var inFlight = 0
  package private(set) var count = 0
  /// Failures since the last success.
  package private(set) var failures = 0

  package init(limits: EndpointLimits = EndpointLimits()) { self.limits = limits }

  package var isEmpty: Bool { count == 0 }

  /// Whether it is probed with one request at a time.
  package var isSuspect: Bool { failures >= 2 }

  // MARK: Filling

  /// Takes a notification in; refuses one that came to be owed within `cooldown` after a failure.
  ///
  /// What was owed before the failure, or tried before, is taken in whenever it comes.
  ///
  /// Standard: GS CIM 009, 5.2.15: none is sent then, also not later.
  package mutating func append(
    _ item: Item, id: Int64, lane: DeliveryLane, attempts: Int = 0, cooldown: Duration? = nil,
    since: Instant
  ) -> Bool {
    if attempts == 0, let cooldown, let failedAt, failedAt < since, since < failedAt + cooldown {
      return false
    }
    count += 1
    let entry = Entry(id: id, item: item, attempts: attempts)
    var place = lanes[lane]?.entries.count ?? 0
    // Another loop may have been faster with a later one.
    while place > 0, let before = lanes[lane]?.entries[place - 1], before.id > id,
      place > 1 || lanes[lane]?.isInFlight == false
    {
      place -= 1
    }
    lanes[lane, default: Lane()].entries.insert(entry, at: place)
    list(lane)
    return true
  }

  /// Gives up the last ones but for `kept`, so that a dead endpoint takes little memory; those that
  /// stay of each lane are its first.
  package mutating func evict(keeping kept: Int) -> [Item] {
    guard count > kept else { return [] }
    var all: [(id: Int64, lane: DeliveryLane)] = []
    all.reserveCapacity(count)
    for (lane, state) in lanes {
      for entry in state.entries.dropFirst(state.isInFlight ? 1 : 0) {
        all.append((entry.id, lane))
      }
    }
    all.sort { $0.id < $1.id }
    var evicted: [Item] = []
    for (_, lane) in all.dropFirst(kept).reversed() {
      if let entry = lanes[lane]?.entries.popLast() { evicted.append(entry.item) }
    }
    count -= evicted.count
    return evicted
  }

  /// Gives up all that waits and that `isCondemned`.
  package mutating func remove(where isCondemned: (Item) -> Bool) -> [Item] {
    var removed: [Item] = []
    for lane in Array(lanes.keys) {
      guard var state = lanes[lane] else { continue }
      let kept = state.isInFlight ? 1 : 0
      let condemned = state.entries.dropFirst(kept).filter { isCondemned($0.item) }
      guard !condemned.isEmpty else { continue }
      let ids = Set(condemned.map(\.id))
      removed += condemned.map(\.item)
      state.entries =
        state.entries.prefix(kept)
        + state.entries.dropFirst(kept).filter {
          !ids.contains($0.id)
        }
      lanes[lane] = state
    }
    count -= removed.count
    return removed
  }

  // MARK: Sending

  /// What to do now; call it until it does not say `send`.
  package mutating func next(at now: Instant) -> Action {
    guard inFlight < (isSuspect ? 1 : limits.concurrencyMax) else { return .rest }
    releaseWaiting(at: now)
    if let heldUntil, now < heldUntil { return isEmpty ? .rest : .wait(until: heldUntil) }
    while let lane = ready.take() {
      guard var state = lanes[lane] else { continue }
      state.isListed = false
      guard let entry = state.entries.first else {
        lanes[lane] = nil
        continue
      }
      state.isInFlight = true
      lanes[lane] = state
      inFlight += 1
      return .send(entry.item, attempts: entry.attempts)
    }
    return waiting.map(\.until).min().map { .wait(until: $0) } ?? .rest
  }

  private mutating func releaseWaiting(at now: Instant) {
    guard !waiting.isEmpty else { return }
    let due = waiting.filter { $0.until <= now }
    guard !due.isEmpty else { return }
    waiting.removeAll { $0.until <= now }
    for (_, lane) in due { ready.add(lane) }
  }

  /// The first notification of the lane was delivered.
  package mutating func succeeded(_ lane: DeliveryLane) {
    failures = 0
    heldUntil = nil
    finish(lane)
  }

  /// The first notification of the lane, which was to be sent, is not to be sent after all.
  package mutating func dropped(_ lane: DeliveryLane) { finish(lane) }

  /// The first notification of the lane failed; it stays the first. Returns when it is tried again.
  ///
  /// - Parameter chance: from 0 up to 1, so that endpoints and processes do not try in step.
  package mutating func failed(
    _ lane: DeliveryLane, at now: Instant, cooldown: Duration? = nil, chance: Double
  ) -> Duration {
    inFlight -= 1
    failures += 1
    failedAt = now
    if isSuspect { heldUntil = now + backOff(after: failures - 1, chance) }
    guard var state = lanes[lane], !state.entries.isEmpty else { return .zero }
    state.isInFlight = false
    state.isListed = true
    state.entries[0].attempts += 1
    let wait = max(backOff(after: state.entries[0].attempts, chance), cooldown ?? .zero)
    lanes[lane] = state
    waiting.append((now + wait, lane))
    return wait
  }

  /// Lets the first notification of the lane go before all others, and now.
  package mutating func hurry(_ lane: DeliveryLane) {
    guard let state = lanes[lane], !state.isInFlight else { return }
    heldUntil = nil
    waiting.removeAll { $0.lane == lane }
    lanes[lane]?.isListed = true
    ready.remove { $0 == lane }
    ready.addFirst(lane)
  }

  private mutating func finish(_ lane: DeliveryLane) {
    inFlight -= 1
    guard var state = lanes.removeValue(forKey: lane) else { return }
    state.isInFlight = false
    state.entries.removeFirst()
    count -= 1
    guard !state.entries.isEmpty else { return }
    lanes[lane] = state
    list(lane)
  }

  private mutating func list(_ lane: DeliveryLane) {
    guard let state = lanes[lane], !state.isListed, !state.isInFlight else { return }
    lanes[lane]?.isListed = true
    ready.add(lane)
  }

  /// Half of the wait is by chance.
  private func backOff(after failures: Int, _ chance: Double) -> Duration {
    let doublings = min(max(failures - 1, 0), 30)
    let wait = min(limits.backOffMin * (1 << doublings), limits.backOffMax)
    return wait / 2 + wait * chance / 2
  }
}

/// First in, first out.
struct Turns<Element> {
  private var elements: [Element] = []
  private var first = 0

  mutating func add(_ element: Element) { elements.append(element) }

  mutating func addFirst(_ element: Element) { elements.insert(element, at: first) }

  mutating func remove(where isGone: (Element) -> Bool) {
    elements.removeFirst(first)
    first = 0
    elements.removeAll(where: isGone)
  }

  mutating func take() -> Element? {
    guard first < elements.count else { return nil }
    defer {
      first += 1
      if first > 32 && first * 2 > elements.count {
        elements.removeFirst(first)
        first = 0
      }
    }
    return elements[first]
  }
}
