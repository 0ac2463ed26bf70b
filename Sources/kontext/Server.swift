import Broker
import EventLoop
import Glibc
import HTTPAPI
import HTTPClient
import HTTPServer
import Log
import Postgres

/// The process: prepares the database, starts a worker on each loop, and ends in order.
///
/// `@unchecked Sendable`: its state changes on the first loop only.
final class Server: @unchecked Sendable {
  private let shared: Shared
  private let loop = EventLoop()
  private var workers: [Worker] = []
  private var otherLoops: [EventLoop] = []
  /// With the first worker's broker.
  private var housekeeping: Housekeeping?
  private var retention: RetentionKeeper?
  private var isStopping = false
  /// Both on the first loop, with a client of their own.
  private var contexts: ContextService?
  private var notifications: NotificationService?
  private var client: HTTPClient?

  init(_ configuration: Configuration) {
    shared = Shared(
      configuration: configuration,
      log: Log(level: configuration.logLevel, format: configuration.logFormat))
  }

  /// Serves until SIGTERM or SIGINT.
  func run() {
    signal(SIGPIPE, SIG_IGN)
    if !Memory.returnInBackground() {
      shared.log.warning("memory is not returned in background", [:])
    }
    if !Descriptors.raiseLimit() {
      shared.log.warning("the limit of descriptors is not raised", [:])
    }
    loop.onSignals([SIGTERM, SIGINT]) { [self] _ in
      Task(executorPreference: loop) { await self.stop() }
    }
    Task(executorPreference: loop) { await self.start() }
    loop.run()
  }

  // MARK: Start

  private func start() async {
    do throws(PostgresError) {
      try await prepareDatabase()
      try await startServices()
    } catch {
      end(with: "the database is not usable: \(error)")
    }
    do throws(HTTPServerError) {
      try await startWorkers()
    } catch {
      end(with: "\(error)")
    }
    scheduleMaintenance()
    let configuration = shared.configuration
    shared.log.info(
      "serving",
      [
        "port": "\(configuration.port)", "loops": "\(configuration.loops)",
        "version": Kontext.version,
      ])
  }

  private func end(with sentence: String) -> Never {
    shared.log.error("cannot start", ["reason": sentence])
    exit(1)
  }

  private func prepareDatabase() async throws(PostgresError) {
    for migration in try await shared.tables.prepare(shared.configuration.broker, on: loop) {
      shared.log.info("migrated", ["number": "\(migration.number)", "name": migration.name])
    }
  }

  /// Keeps partitions ahead of time, several times a day so that one failure does no harm.
  private func scheduleMaintenance() {
    loop.after(.seconds(6 * 3600)) { [self] in
      Task(executorPreference: loop) {
        do throws(PostgresError) {
          try await self.shared.tables.maintain(self.shared.configuration.broker, on: self.loop)
        } catch {
          self.shared.log.error("maintenance failed", ["error": "\(error)"])
        }
        self.scheduleMaintenance()
      }
    }
  }

  private func startServices() async throws(PostgresError) {
    let configuration = shared.configuration
    var limits = HTTPClientConfiguration()
    limits.addressPolicy = configuration.allowedAddresses
    let client = HTTPClient(loop: loop, configuration: limits)
    self.client = client
    let contexts = await ContextService.start(
      configuration.broker, tables: shared.tables, on: loop, log: shared.log)
    self.contexts = contexts
    notifications = try await NotificationService.start(
      configuration.broker, tables: shared.tables, contexts: contexts, client: client, on: loop,
      log: shared.log)
    notifications?.delivery.attempted = { [metrics = shared.metrics] in
      metrics.notificationAttempted(succeeded: $0)
    }
  }

  /// The first worker runs on the main thread's loop, each further one on a thread of its own.
  private func startWorkers() async throws(HTTPServerError) {
    guard let contexts, let notifications else { return }
    for index in 0..<shared.configuration.loops {
      let loop = index == 0 ? self.loop : EventLoop()
      let worker = Worker(shared, contexts, notifications, on: loop)
      try worker.serve()
      workers.append(worker)
      if index == 0 {
        housekeeping = worker.housekeeping()
        housekeeping?.start()
        retention = RetentionKeeper(shared.configuration.broker, on: loop, log: shared.log)
        retention?.start()
      } else {
        otherLoops.append(loop)
        _ = loop.start()
      }
    }
  }

  // MARK: Stop

  private func stop() async {
    guard !isStopping else { return }
    isStopping = true
    shared.log.info("stopping", [:])
    housekeeping?.stop()
    retention?.stop()
    await withTaskGroup { group in
      for (worker, loop) in zip(workers, [loop] + otherLoops) {
        group.addTask(executorPreference: loop) { await worker.drain() }
      }
    }
    await notifications?.shutDown(grace: shared.configuration.drainTime)
    await contexts?.shutDown()
    await client?.shutDown()
    shared.log.info("stopped", [:])
    for loop in otherLoops + [loop] { loop.stop() }
  }
}
