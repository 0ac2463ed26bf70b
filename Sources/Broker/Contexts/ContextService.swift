package import EventLoop
package import JSONLD
package import Log
package import NGSILD
package import Postgres
import Storage
import Synchronization

/// Keeps the contexts of a process in step with the database: hears of removals, and writes down
/// how contexts are used, of all requests together.
///
/// `@unchecked Sendable`: what changes is used on its loop's thread, or is itself safe.
package final class ContextService: @unchecked Sendable {
  package struct Configuration: Sendable {
    /// Between writes of figures.
    package var flushInterval = Duration.seconds(5)
    /// What clients put before the path to reach this broker; nil for whatever they call it by.
    package var publicURL: String?

    package init() {}
  }

  package let cache: ContextCache
  package let publicURL: String?
  package let started = DateTime.now
  let implicit = ImplicitContexts()
  private let usage = ContextUsageTable()
  private let store: ContextStore
  private let pool: Pool
  private let loop: EventLoop
  private let configuration: Configuration
  private let log: Log
  private let fence = CountsFence()
  private var listener: DatabaseListener?
  private var flushes = 0
  private var isStopped = false
  /// What is being written down, or was last.
  private var flushing: Task<Void, Never>?

  /// Begins to follow the database; call it on `loop`.
  ///
  /// - Parameter database: for connections of its own on `loop`.
  package static func start(
    _ configuration: Configuration = Configuration(), database: Connection.Configuration,
    cache: ContextCache, on loop: EventLoop, log: Log
  ) async -> ContextService {
    let service = ContextService(
      configuration, cache: cache,
      pool: Pool(Pool.Configuration(database, connectionsMax: 1), on: loop), on: loop, log: log)
    await service.listen(database)
    service.flushLater()
    return service
  }

  private init(
    _ configuration: Configuration, cache: ContextCache, pool: Pool, on loop: EventLoop, log: Log
  ) {
    self.configuration = configuration
    self.cache = cache
    self.pool = pool
    self.loop = loop
    self.log = log
    publicURL = configuration.publicURL
    store = ContextStore(pool: pool)
  }

  /// Resolves contexts on the service's loop.
  ///
  /// - Parameter remote: on that loop as well.
  package func resolver(remote: any ContextLoader) -> ContextResolver {
    ContextResolver(loader: library(pool: pool, remote: remote), cache: cache)
  }

  /// - Parameters: on the loop where contexts are resolved.
  package func library(pool: Pool, remote: any ContextLoader) -> ContextLibrary {
    ContextLibrary(
      store: ContextStore(pool: pool), remote: remote, publicURL: publicURL, log: log)
  }

  /// Writes down what is counted, and ends. Call it on its loop, once no more requests come.
  package func shutDown() async {
    isStopped = true
    listener?.close()
    await flushing?.value
    await flush()
    pool.close()
  }

  // MARK: Removals

  /// Forgets a context that this process has removed; others are told by the database.
  func forget(_ id: String) {
    cache.remove(id)
    implicit.removeAll()
  }

  private func listen(_ database: Connection.Configuration) async {
    let listener = DatabaseListener(
      database, on: loop, log: log, channels: [(ContextStore.channel, { [self] in forget($0) })],
      opened: { [cache, implicit] in
        cache.removeStored()
        implicit.removeAll()
      })
    self.listener = listener
    await listener.open()
  }

  // MARK: Figures

  /// Counts that someone asked for a context itself. Callable from any loop.
  func countUse(of id: String) {
    usage.add([ContextUsage(id: id, hits: 1, usedAt: WallClock.sinceEpoch)])
  }

  /// Reads figures from the database, and returns beside them what this process has counted and not
  /// written: together they are what is true now. Callable from any loop.
  ///
  /// What other processes count shows once they have written it.
  func withUsage<Read>(
    _ read: () async throws(NGSILDError) -> Read
  ) async throws(NGSILDError) -> (Read, [String: ContextUsage]) {
    await Task(executorPreference: loop) { await self.fence.beginReading() }.value
    let outcome: Result<Read, NGSILDError>
    do throws(NGSILDError) {
      outcome = .success(try await read())
    } catch {
      outcome = .failure(error)
    }
    let counted = await Task(executorPreference: loop) {
      defer { self.fence.endReading() }
      self.usage.add(self.cache.takeUsage())
      return self.usage.all
    }.value
    return (try outcome.get(), counted)
  }

  private func flushLater() {
    loop.after(configuration.flushInterval) { [weak self] in
      guard let self, !isStopped else { return }
      flushing = Task(executorPreference: loop) {
        await self.flush()
        self.flushLater()
      }
    }
  }

  private func flush() async {
    await fence.beginWriting()
    defer { fence.endWriting() }
    usage.add(cache.takeUsage())
    let counted = usage.takeAll()
    do throws(NGSILDError) {
      if !counted.isEmpty {
        try await store.addUsage(
          counted.map { ($0.id, $0.hits, DateTime(sinceEpoch: $0.usedAt)) })
      }
      flushes += 1
      if flushes % Self.flushesPerPruning == 0 { try await store.pruneCopies() }
    } catch {
      usage.add(counted)
      log.warning("uses of contexts not written", ["reason": error.detail])
    }
  }

  private static let flushesPerPruning = 60
}

/// Uses of contexts that are not written down yet, by id; shared by all loops of a process.
final class ContextUsageTable: Sendable {
  private let counted = Mutex<[String: ContextUsage]>([:])

  func add(_ usage: [ContextUsage]) {
    counted.withLock { counted in
      for use in usage {
        counted[use.id, default: ContextUsage(id: use.id, hits: 0, usedAt: use.usedAt)].add(use)
      }
    }
  }

  var all: [String: ContextUsage] { counted.withLock { $0 } }

  func takeAll() -> [ContextUsage] {
    counted.withLock { counted in
      defer { counted = [:] }
      return Array(counted.values)
    }
  }
}

extension ContextUsage {
  fileprivate mutating func add(_ other: ContextUsage) {
    hits += other.hits
    usedAt = max(usedAt, other.usedAt)
  }
}

/// The ids under which contexts without URL are hosted, so that the same one given again and again
/// is written once.
final class ImplicitContexts: Sendable {
  private struct Key: Hashable {
    let tenant: TenantNumber
    let body: [UInt8]
  }

  private let ids = Mutex<[Key: String]>([:])
  private static let countMax = 256

  func id(of body: [UInt8], in tenant: TenantNumber) -> String? {
    ids.withLock { $0[Key(tenant: tenant, body: body)] }
  }

  func remember(_ id: String, of body: [UInt8], in tenant: TenantNumber) {
    ids.withLock { ids in
      if ids.count >= Self.countMax { ids = [:] }
      ids[Key(tenant: tenant, body: body)] = id
    }
  }

  func removeAll() { ids.withLock { $0 = [:] } }
}
