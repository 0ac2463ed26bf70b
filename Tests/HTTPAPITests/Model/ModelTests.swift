import Glibc
import TestSupport
import Testing

/// Random provision against the broker and against the model, step by step.
///
/// `KONTEXT_TEST_MODEL_ROUNDS` asks for more rounds than the normal run has.
@Suite("Provision as the model of the standard has it")
struct ModelTests {
  private static let stepsPerRound = 25
  private static let atOnce = 4
  private static let rounds =
    getenv("KONTEXT_TEST_MODEL_ROUNDS").flatMap { Int(String(cString: $0)) } ?? 48

  @Test("random sequences of operations give the model's answers and states")
  func sequences() async throws {
    let seeds = SeededGenerator(printingSeedOf: "provision model").seeds(Self.rounds)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      var rounds = seeds.makeIterator()
      for _ in 0..<Self.atOnce {
        if let seed = rounds.next() { group.addTask { try await round(seed) } }
      }
      while let isFine = try await group.next() {
        // One failure at a time: what follows from it is not worth reading.
        guard isFine else { break }
        if let seed = rounds.next() { group.addTask { try await round(seed) } }
      }
    }
  }

  /// Whether the broker does as the model; a difference is reported with the fewest steps.
  private func round(_ seed: UInt64) async throws -> Bool {
    var generator = SeededGenerator(seed: seed)
    var model = Model()
    var steps: [ModelStep] = []
    while steps.count < Self.stepsPerRound {
      let step = generator.step(for: model)
      if (try? model.perform(step)) != nil { steps.append(step) }
    }
    guard let failure = try await ModelRun.failure(of: steps) else { return true }
    let (shortest, problem) = try await failure.shrunk()
    Issue.record(
      """
      seed \(seed): the broker differs from the model after
      \(shortest.map(\.description).joined(separator: "\n"))
      \(problem)
      """)
    return false
  }
}

extension SeededGenerator {
  fileprivate func seeds(_ count: Int) -> [UInt64] {
    var copy = self
    return (0..<count).map { _ in copy.next() }
  }
}
