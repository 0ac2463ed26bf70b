import Broker
import JSONLD
import Log
import Testing

@Suite("What contexts are used for")
struct ContextServiceTests {
  @Test("a service ends while it writes figures down")
  func shutDown() async throws {
    try await withDatabase { loop, database in
      var configuration = ContextService.Configuration()
      configuration.flushInterval = .zero
      for milliseconds in 0..<20 {
        let service = await ContextService.start(
          configuration, database: database, cache: ContextCache { WallClock.sinceEpoch },
          on: loop, log: Log(level: .error))
        try await Task.sleep(for: .milliseconds(milliseconds))
        await service.shutDown()
      }
    }
  }
}
