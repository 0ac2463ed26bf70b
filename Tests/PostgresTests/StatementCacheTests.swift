import Testing

@testable import Postgres

@Suite("Statement cache")
struct StatementCacheTests {
  private let first = Statement("SELECT 1")
  private let second = Statement("SELECT 2")
  private let third = Statement("SELECT 3")

  private func use(_ sql: SQL, in cache: inout StatementCache) -> StatementCache.Use {
    cache.use(sql)
  }

  /// Prepares a statement for good.
  private func prepare(_ sql: SQL, in cache: inout StatementCache) -> Int? {
    guard case .prepare(let name, let key) = use(sql, in: &cache) else { return nil }
    cache.preparationSucceeded(key)
    return name
  }

  @Test("a Statement is prepared at its first use, and by its name afterwards")
  func statement() throws {
    var cache = StatementCache(capacity: 2)
    let name = try #require(prepare(first(), in: &cache))
    #expect(use(first(), in: &cache) == .prepared(name: name))
  }

  @Test("another text is prepared when it comes back")
  func text() throws {
    var cache = StatementCache(capacity: 2)
    #expect(use("SELECT \(1)", in: &cache) == .unnamed)
    let name = try #require(prepare("SELECT \(2)", in: &cache))
    #expect(use("SELECT \(3)", in: &cache) == .prepared(name: name))
    #expect(use("SELECT \("other type")", in: &cache) == .unnamed)
  }

  @Test("nobody relies on a preparation that is not answered, or that failed")
  func unanswered() throws {
    var cache = StatementCache(capacity: 2)
    guard case .prepare(let name, let key) = use(first(), in: &cache) else {
      Issue.record("not prepared")
      return
    }
    #expect(use(first(), in: &cache) == .unnamed)
    cache.preparationFailed(key)
    #expect(try #require(prepare(first(), in: &cache)) != name)
  }

  @Test("the one that was not used for longest makes room")
  func eviction() throws {
    var cache = StatementCache(capacity: 2)
    let firstName = try #require(prepare(first(), in: &cache))
    let secondName = try #require(prepare(second(), in: &cache))
    #expect(use(first(), in: &cache) == .prepared(name: firstName))
    #expect(prepare(third(), in: &cache) != nil)
    #expect(cache.takeDiscarded() == [secondName])
    #expect(use(first(), in: &cache) == .prepared(name: firstName))
  }

  @Test("what is being prepared is not dropped")
  func busy() {
    var cache = StatementCache(capacity: 1)
    _ = use(first(), in: &cache)
    #expect(use(second(), in: &cache) == .unnamed)
    #expect(cache.discarded.isEmpty)
  }
}

@Suite("Back-off")
struct BackOffTests {
  @Test("the wait doubles up to its bound, and a success ends it")
  func doubling() {
    var backOff = BackOff(from: .seconds(1), to: .seconds(3))
    var now = ContinuousClock.now
    #expect(backOff.allows(at: now))
    for wait in [1, 2, 3, 3] {
      backOff.failed(at: now)
      #expect(!backOff.allows(at: now + .seconds(wait) - .nanoseconds(1)))
      now += .seconds(wait)
      #expect(backOff.allows(at: now))
    }
    backOff.failed(at: now)
    backOff.succeeded()
    #expect(backOff.allows(at: now))
    backOff.failed(at: now)
    #expect(backOff.allows(at: now + .seconds(1)))
  }
}
