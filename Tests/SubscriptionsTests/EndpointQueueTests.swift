import Subscriptions
import TestSupport
import Testing

@Suite("The queue of an endpoint")
struct EndpointQueueTests {
  private let start = ContinuousClock.now
  private let limits: EndpointLimits = {
    var limits = EndpointLimits()
    limits.concurrencyMax = 3
    limits.backOffMin = .seconds(1)
    limits.backOffMax = .seconds(8)
    return limits
  }()

  private func lane(_ entity: Int64, _ subscription: SubscriptionKey = 1) -> DeliveryLane {
    DeliveryLane(subscription: subscription, entity: entity)
  }

  @Test("a lane has one notification under way, and the endpoint a bounded number")
  func order() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1), (2, 1), (3, 2), (4, 3), (5, 4)])
    #expect(queue.sent() == [1, 3, 4])
    queue.succeeded(lane(1))
    #expect(queue.sent() == [5])
    queue.succeeded(lane(2))
    #expect(queue.sent() == [2])
    for entity: Int64 in [1, 3, 4] { queue.succeeded(lane(entity)) }
    #expect(queue.isEmpty && queue.inFlight == 0)
    #expect(queue.sent() == [])
  }

  @Test("a notification that is late takes its place in the lane")
  func late() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1), (5, 1), (3, 1)])
    for id: Int64 in [1, 3, 5] {
      #expect(queue.sent() == [id])
      queue.succeeded(lane(1))
    }
  }

  @Test("after one failure its lane waits, and the others go on")
  func poison() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1), (2, 1), (3, 2), (4, 2)])
    #expect(queue.sent() == [1, 3])
    #expect(queue.failed(lane(1), at: start, chance: 0) == .milliseconds(500))
    queue.succeeded(lane(2))
    #expect(queue.sent() == [4])
    queue.succeeded(lane(2))
    guard case .wait(let until) = queue.next(at: start) else { return #expect(Bool(false)) }
    #expect(until == start + .milliseconds(500))
    guard case .send(1, attempts: 1) = queue.next(at: until) else { return #expect(Bool(false)) }
    queue.succeeded(lane(1))
    #expect(queue.sent() == [2])
  }

  @Test("waits double up to a bound, half of them by chance")
  func backOff() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1)])
    var now = start
    var waits: [Duration] = []
    for _ in 0..<6 {
      guard case .send = queue.next(at: now) else { return #expect(Bool(false)) }
      let wait = queue.failed(lane(1), at: now, chance: 1)
      waits.append(wait)
      now += wait
    }
    #expect(waits == [1, 2, 4, 8, 8, 8].map { .seconds($0) })
  }

  @Test("an endpoint that fails repeatedly is probed with one request at a time")
  func deadEndpoint() {
    let queue = TestQueue(limits, start)
    queue.fill((1...9).map { ($0, $0) })
    #expect(queue.sent() == [1, 2, 3])
    for entity: Int64 in 1...3 { _ = queue.failed(lane(entity), at: start, chance: 1) }
    #expect(queue.isSuspect)
    #expect(queue.sent() == [])
    #expect(queue.sent(after: .milliseconds(1900)) == [])
    #expect(queue.sent(after: .seconds(2)) == [4])
    queue.succeeded(lane(4))
    #expect(queue.sent(after: .seconds(2)).count == 3)
  }

  @Test("what comes to be owed within the cooldown after a failure is refused")
  func cooldown() {
    let queue = TestQueue(limits, start)
    let cooldown = Duration.seconds(10)
    func append(_ id: Int64, after wait: Duration) -> Bool {
      queue.append(id, lane: lane(id), cooldown: cooldown, since: start + wait)
    }
    #expect(append(1, after: .zero))
    #expect(queue.sent() == [1])
    #expect(queue.failed(lane(1), at: start, cooldown: cooldown, chance: 0) == cooldown)
    #expect(!append(2, after: .seconds(9)))
    #expect(queue.append(3, lane: lane(3), since: start + .seconds(9)))
    #expect(append(4, after: .seconds(10)))
    #expect(queue.sent(after: .seconds(10)) == [3, 4, 1])
  }

  @Test("what was owed before the failure, or tried before, is taken in within the cooldown")
  func owedBeforeCooldown() {
    let queue = TestQueue(limits, start)
    let (cooldown, failure) = (Duration.seconds(10), start + .seconds(5))
    queue.fill([(1, 1)])
    #expect(queue.sent() == [1])
    _ = queue.failed(lane(1), at: failure, cooldown: cooldown, chance: 0)
    #expect(queue.append(2, lane: lane(2), cooldown: cooldown, since: start))
    #expect(
      queue.append(
        3, lane: lane(3), attempts: 1, cooldown: cooldown, since: failure + .seconds(1)))
    #expect(!queue.append(4, lane: lane(4), cooldown: cooldown, since: failure + .seconds(1)))
  }

  @Test("eviction keeps the first of all, and of each lane")
  func eviction() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 3)])
    #expect(queue.sent() == [1, 2, 6])
    #expect(Set(queue.evict(keeping: 1)) == [4, 5])
    for entity: Int64 in 1...3 { queue.succeeded(lane(entity)) }
    #expect(queue.sent() == [3])
    queue.succeeded(lane(1))
    #expect(queue.isEmpty)
  }

  @Test("what is condemned is removed, but for what is under way")
  func removal() {
    let queue = TestQueue(limits, start)
    queue.fill([(1, 1), (2, 1), (3, 2), (4, 2)])
    guard case .send(1, _) = queue.next(at: start) else { return #expect(Bool(false)) }
    #expect(Set(queue.remove { $0 < 4 }) == [2, 3])
    #expect(queue.sent() == [4])
    queue.succeeded(lane(1))
    queue.succeeded(lane(2))
    #expect(queue.isEmpty)
    #expect(queue.sent().isEmpty)
  }

  @Test("whatever fails, each notification is delivered once and in the order of its lane")
  func anyOrder() {
    for seed in UInt64(1)...50 {
      var generator = SeededGenerator(seed: seed)
      let queue = TestQueue(limits, start)
      var nextID: Int64 = 1
      var now = start
      var underWay: [Int64: DeliveryLane] = [:]
      var lanes: [Int64: DeliveryLane] = [:]
      var delivered: [DeliveryLane: [Int64]] = [:]
      while nextID <= 200 || !queue.isEmpty {
        if nextID <= 200 {
          let lane = lane(Int64.random(in: 1...5, using: &generator))
          lanes[nextID] = lane
          #expect(queue.append(nextID, lane: lane, since: now))
          nextID += 1
        }
        while case .send(let id, _) = queue.next(at: now) { underWay[id] = lanes[id] }
        #expect(queue.inFlight == underWay.count && underWay.count <= limits.concurrencyMax)
        if let (id, lane) = underWay.min(by: { $0.key < $1.key }) {
          underWay[id] = nil
          if Bool.random(using: &generator) {
            queue.succeeded(lane)
            delivered[lane, default: []].append(id)
          } else {
            _ = queue.failed(lane, at: now, chance: .random(in: 0..<1, using: &generator))
          }
        }
        now += .seconds(1)
      }
      #expect(delivered.values.joined().count == 200, "seed \(seed)")
      for ids in delivered.values { #expect(ids == ids.sorted(), "seed \(seed)") }
    }
  }
}

/// A queue whose notifications are their own ids.
private final class TestQueue {
  private var queue: EndpointQueue<Int64>
  private let start: ContinuousClock.Instant

  init(_ limits: EndpointLimits, _ start: ContinuousClock.Instant) {
    queue = EndpointQueue(limits: limits)
    self.start = start
  }

  var isEmpty: Bool { queue.isEmpty }
  var isSuspect: Bool { queue.isSuspect }
  var inFlight: Int { queue.inFlight }

  func fill(_ items: [(id: Int64, entity: Int64)]) {
    for (id, entity) in items {
      #expect(append(id, lane: DeliveryLane(subscription: 1, entity: entity), since: start))
    }
  }

  func append(
    _ id: Int64, lane: DeliveryLane, attempts: Int = 0, cooldown: Duration? = nil,
    since: ContinuousClock.Instant
  ) -> Bool {
    queue.append(id, id: id, lane: lane, attempts: attempts, cooldown: cooldown, since: since)
  }

  func next(at now: ContinuousClock.Instant) -> EndpointQueue<Int64>.Action { queue.next(at: now) }

  /// What is sent now, all of it under way.
  func sent(after wait: Duration = .zero) -> [Int64] {
    var items: [Int64] = []
    while case .send(let item, _) = queue.next(at: start + wait) { items.append(item) }
    return items
  }

  func succeeded(_ lane: DeliveryLane) { queue.succeeded(lane) }

  func failed(
    _ lane: DeliveryLane, at now: ContinuousClock.Instant, cooldown: Duration? = nil,
    chance: Double
  ) -> Duration {
    queue.failed(lane, at: now, cooldown: cooldown, chance: chance)
  }

  func evict(keeping kept: Int) -> [Int64] { queue.evict(keeping: kept) }
  func remove(where isCondemned: (Int64) -> Bool) -> [Int64] { queue.remove(where: isCondemned) }
}
