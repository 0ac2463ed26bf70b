package import EventLoop
package import HTTPClient
package import JSONLD
package import Log
package import MQTTClient
package import Postgres
package import Storage
import Subscriptions

/// Subscriptions, registrations and notifications of a process: the tables that all loops share,
/// delivery on one loop, and what keeps both in step with the database and with other processes.
///
/// `@unchecked Sendable`: what changes is used on its loop's thread only.
package final class NotificationService: @unchecked Sendable {
  package struct Configuration: Sendable {
    package var delivery = DeliveryLimits()
    package var events = EventLimits()
    /// A process that was not heard of for so long is dead, and others deliver what it left.
    package var lease = Duration.seconds(15)
    /// Between looks at the database.
    package var sweepInterval = Duration.seconds(5)
    package var connectionsMax = 2
    package var mqtt = MQTTClientConfiguration()

    package init() {}
  }

  package let table: SubscriptionTable
  package let registrations: RegistrationTable
  package let delivery: Delivery
  private let loop: EventLoop
  private let pool: Pool
  private let subscriptions: SubscriptionStore
  private let throttle: Throttle
  private let hubs = EventHubs()
  /// Further connections that end with the service.
  var ownPools: [Pool] = []
  private var periodic: PeriodicNotifications?
  private var vacuum: OutboxVacuum?
  private var lease: Lease?
  private var outbox: OutboxStore { delivery.outbox }
  private let processes: ProcessStore
  private let contexts: ContextResolver
  private let configuration: Configuration
  private let log: Log
  private var listener: DatabaseListener?
  private var sweeps = 0
  /// Since when each sweep has reached the database.
  private var reachingSince = ContinuousClock.now
  private var isStopped = false

  /// Enters the process, reads all subscriptions and begins to deliver; call it on `loop`.
  ///
  /// - Parameters:
  ///   - database: for connections of its own on `loop`.
  ///   - client: on `loop`; shut it down after this service.
  ///   - queries: on `loop`, for what periodic notifications tell.
  package static func start(
    _ configuration: Configuration = Configuration(),
    database: Connection.Configuration, on loop: EventLoop, client: HTTPClient,
    queries: QueryStore, contexts: ContextResolver, log: Log
  ) async throws(PostgresError) -> NotificationService {
    let pool = Pool(
      Pool.Configuration(database, connectionsMax: configuration.connectionsMax), on: loop)
    let processes = ProcessStore(pool: pool)
    let entered = ContinuousClock.now
    let process = try await processes.register(lease: configuration.lease)
    let table = SubscriptionTable(log: log)
    let delivery = Delivery(
      process: process, on: loop, client: client,
      mqtt: MQTTClient(loop: loop, configuration: configuration.mqtt),
      outbox: OutboxStore(pool: pool), table: table,
      limits: configuration.delivery, log: log)
    let service = NotificationService(
      configuration, table: table, delivery: delivery, pool: pool, contexts: contexts, log: log)
    service.lease = Lease(
      configuration.lease, entered: entered, store: processes, delivery: delivery, log: log)
    try await table.refresh(from: service.subscriptions, contexts: contexts)
    try await service.registrations.refresh(from: pool)
    try await processes.enterMissing()
    service.startPeriodic(database, queries)
    service.startVacuum(database)
    await service.listen(database)
    await service.sweep()
    return service
  }

  private init(
    _ configuration: Configuration, table: SubscriptionTable, delivery: Delivery, pool: Pool,
    contexts: ContextResolver, log: Log
  ) {
    self.configuration = configuration
    self.table = table
    self.delivery = delivery
    self.pool = pool
    self.contexts = contexts
    self.log = log
    loop = delivery.loop
    registrations = RegistrationTable(log: log)
    subscriptions = SubscriptionStore(pool: pool)
    throttle = Throttle(
      store: ThrottleStore(pool: pool), table: table, delivery: delivery, log: log)
    processes = ProcessStore(pool: pool)
  }

  /// For the write path of a loop, which reads subscriptions over `pool`.
  package func notifier(pool: Pool) -> SubscriptionNotifier {
    SubscriptionNotifier(
      table: table, subscriptions: SubscriptionStore(pool: pool), contexts: contexts,
      delivery: delivery, throttle: throttle)
  }

  /// The event streams of a loop, which reads them over `pool`.
  package func eventHub(on loop: EventLoop, pool: Pool) -> EventHub {
    let hub = EventHub(
      on: loop, store: EventStore(pool: pool), table: table, limits: configuration.events, log: log)
    hubs.add(hub)
    return hub
  }

  /// Over a connection of its own, on which a transaction lasts as long as a query.
  private func startPeriodic(_ database: Connection.Configuration, _ queries: QueryStore) {
    let pool = Pool(Pool.Configuration(database, connectionsMax: 1), on: loop)
    ownPools.append(pool)
    periodic = PeriodicNotifications(
      store: PeriodStore(pool: pool), queries: queries, table: table,
      registrations: registrations, delivery: delivery, log: log,
      refresh: { [self] in await refresh() })
  }

  private func startVacuum(_ database: Connection.Configuration) {
    let pool = Pool(Pool.Configuration(database, connectionsMax: 1), on: loop)
    ownPools.append(pool)
    vacuum = OutboxVacuum(OutboxStore(pool: pool), on: loop, log: log)
    vacuum?.start()
  }

  /// Lets periodic notifications tell of Context Sources too, which a broker on the same loop asks.
  func gatherPeriodic(by broker: Broker) {
    guard broker.loop === loop else { return }
    periodic?.gathering = { [weak broker] subscription, tenant in
      await broker?.entities(for: subscription, in: tenant)
    }
  }

  private func closePools() {
    for pool in [pool] + ownPools { pool.close() }
  }

  private func stopTimed() {
    isStopped = true
    lease?.stop()
    listener?.close()
    throttle.stop()
    periodic?.stop()
    vacuum?.stop()
  }

  /// Lets requests under way end for at most `grace`, writes down what became of them, and leaves
  /// the rest to other processes. Call it on its loop, once no more writes come.
  package func shutDown(grace: Duration = .seconds(10)) async {
    stopTimed()
    await delivery.stop(grace: grace)
    delivery.mqtt.shutDown()
    do throws(PostgresError) {
      try await registrations.writeCounts(to: pool)
      try await processes.handBack(delivery.process)
    } catch {
      log.warning("not signed off", ["error": "\(error)"])
    }
    closePools()
  }

  /// Ends as a crash does, for tests: nothing is written down or signed off.
  package func abandon() {
    stopTimed()
    delivery.isStopping = true
    delivery.mqtt.shutDown()
    closePools()
  }

  /// What is owed in the database, to all processes' subscribers, and how long the oldest has been.
  package func depth() async throws(PostgresError) -> (count: Int, age: Duration, dead: Int) {
    try await outbox.depth()
  }

  /// What operators watch of delivery.
  package struct Statistics: Sendable {
    /// Notifications in this process's memory, those under way included.
    package let waiting: Int
    package let underWay: Int
    /// nil while the database does not answer.
    package let outbox: (count: Int, age: Duration, dead: Int)?
  }

  /// Callable from any loop.
  package func statistics() async -> Statistics {
    await Task(executorPreference: loop) {
      var outbox: (count: Int, age: Duration, dead: Int)?
      do throws(PostgresError) {
        outbox = try await self.depth()
      } catch {
        self.log.warning("outbox not counted", ["error": "\(error)"])
      }
      return Statistics(
        waiting: self.delivery.waitingCount, underWay: self.delivery.inFlight, outbox: outbox)
    }.value
  }

  // MARK: Following the database

  private func listen(_ database: Connection.Configuration) async {
    let listener = DatabaseListener(
      database, on: loop, log: log,
      channels: [
        (SubscriptionStore.channel, { [self] _ in refreshSoon() }),
        (RegistrationStore.channel, { [self] _ in refreshRegistrationsSoon() }),
        (OutboxStore.channel, { [delivery] in delivery.told($0) }),
        (DeliveryStore.channel, { [delivery] in delivery.retry($0) }),
        (EventStore.channel, { [hubs] in hubs.told($0) }),
      ],
      opened: { [self] in
        refreshSoon()
        refreshRegistrationsSoon()
        delivery.readAgain()
        hubs.readAgain()
      })
    self.listener = listener
    await listener.open()
  }

  private func refreshSoon() {
    Task(executorPreference: loop) {
      await self.refresh()
      self.periodic?.wake()
    }
  }

  private func refreshRegistrationsSoon() {
    Task(executorPreference: loop) { [self] in
      do throws(PostgresError) {
        try await registrations.refresh(from: pool)
      } catch {
        log.warning("registrations not refreshed", ["error": "\(error)"])
      }
    }
  }

  private func refresh() async {
    do throws(PostgresError) {
      try await table.refresh(from: subscriptions, contexts: contexts)
      delivery.followEndpoints()
      hubs.dropDeleted()
    } catch {
      log.warning("subscriptions not refreshed", ["error": "\(error)"])
    }
  }

  /// What is done again and again, whatever NOTIFY tells.
  private func sweep() async {
    guard !isStopped else { return }
    do throws(PostgresError) {
      try await table.refresh(from: subscriptions, contexts: contexts)
      try await registrations.refresh(from: pool)
      try await registrations.writeCounts(to: pool)
      try await takeOver()
      try await delivery.buryOldRows()
      try await throttle.sweep()
      if sweeps % Self.sweepsPerSearch == 0 {
        try await processes.enterMissing()
        try await delivery.findOwed()
        try await prune()
      }
      if sweeps % Self.sweepsPerPruning == 0 {
        try await subscriptions.pruneDeletions()
        try await RegistrationStore.pruneDeletions(in: pool)
      }
    } catch {
      log.warning("sweep failed", ["error": "\(error)"])
      reachingSince = .now
    }
    await table.resolveContexts(contexts)
    periodic?.wake()
    sweeps += 1
    guard !isStopped else { return }
    loop.after(configuration.sweepInterval) { [self] in
      Task(executorPreference: loop) { await self.sweep() }
    }
  }

  /// Removes what is kept for a while only.
  package func prune() async throws(PostgresError) {
    let kept = configuration.delivery.deadLettersMax
    let dropped = try await DeliveryStore(pool: pool).pruneDead(keeping: kept)
    if dropped > 0 { log.warning("dead letters dropped", ["count": "\(dropped)"]) }
    try await EventStore(pool: pool).prune(
      olderThan: configuration.events.keptFor, keeping: configuration.events.keptMax)
  }

  /// While the database is away no lease is renewed, so that a process which has just come back to
  /// it leaves the others the time to do so too.
  private func takeOver() async throws(PostgresError) {
    let hasJustComeBack = .now - reachingSince < configuration.lease
    let dead = try await processes.takeOver(
      for: delivery.process, signedOffOnly: hasJustComeBack)
    for process in try await delivery.takeOver(dead) {
      try await processes.remove(process, takenBy: delivery.process)
    }
  }

  private static let sweepsPerSearch = 12
  private static let sweepsPerPruning = 1000
}
