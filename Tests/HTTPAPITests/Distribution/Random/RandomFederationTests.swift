import Glibc
import TestSupport
import Testing

/// Random worlds of sources, against one broker that holds all that they add up to.
///
/// `KONTEXT_TEST_FEDERATION_ROUNDS` asks for more worlds than the normal run has.
@Suite("Federation answers as one broker that holds everything")
struct RandomFederationTests {
  private static let atOnce = 4
  private static let rounds =
    getenv("KONTEXT_TEST_FEDERATION_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 16

  @Test(
    "retrievals and queries over random sources in all modes, with whole and with split Entities")
  func worlds() async throws {
    var seeds = SeededGenerator(printingSeedOf: "federation")
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for round in 0..<Self.rounds {
        let seed = seeds.next()
        if round >= Self.atOnce {
          // One failure at a time: what follows from it is not worth reading.
          guard try await group.next() == true else { break }
        }
        group.addTask { try await isFine(seed, splits: round % 3 != 0) }
      }
      try await group.waitForAll()
    }
  }

  /// A difference is reported in the smallest world where it shows.
  private func isFine(_ seed: UInt64, splits: Bool) async throws -> Bool {
    var generator = SeededGenerator(seed: seed)
    let world = generator.world(splits: splits)
    guard let failure = try await FederationRun.failure(of: world) else { return true }
    let smallest = try await failure.shrunk()
    Issue.record("seed \(seed):\n\(smallest.world)\n\(smallest.problem)")
    return false
  }
}
