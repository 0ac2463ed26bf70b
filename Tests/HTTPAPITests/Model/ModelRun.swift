import TestSupport

/// One sequence of steps, against the broker in a tenant of its own and against the model.
enum ModelRun {
  /// Steps after the last of which the broker differs.
  struct Failure {
    let steps: [ModelStep]
    let problem: String
  }

  /// The first difference; nil if there is none, or if the steps enter what is undefined.
  static func failure(of steps: [ModelStep]) async throws -> Failure? {
    try await withTestTenant { client in
      var model = Model()
      var comparison = ModelComparison()
      // The first write makes the tenant.
      _ = try await client.send("POST", "entities", entity("urn:x:first", "First"))
      _ = try await client.send("DELETE", "entities/urn:x:first")
      for (index, step) in steps.enumerated() {
        guard let expected = try? model.perform(step) else { return nil }
        let response = try await client.send(step.method, step.target, step.body?.description)
        var problems: [String] = []
        if ModelAnswer(response) != expected {
          problems.append("The answer is \(response.status) \(response.text), not \(expected)")
        }
        let shown = try await client.send("GET", "entities?local=true&options=sysAttrs&limit=100")
        problems += comparison.differences(of: PlainJSON(shown.json).elements, from: &model)
        guard problems.isEmpty else {
          return Failure(
            steps: Array(steps[...index]), problem: problems.joined(separator: "\n"))
        }
      }
      return nil
    }
  }
}

extension ModelRun.Failure {
  /// Bounds how long a failure is made smaller.
  private static let runsMax = 400

  /// The same kind of failure with fewer steps, then with simpler ones.
  func shrunk() async throws -> (steps: [ModelStep], problem: String) {
    var smallest = self
    var runs = 0
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for candidate in smallest.smaller where runs < Self.runsMax {
        runs += 1
        if let failure = try await ModelRun.failure(of: candidate) {
          smallest = failure
          isSmaller = true
          break
        }
      }
    }
    return (smallest.steps, smallest.problem)
  }

  /// Sequences that are a little smaller: first those with fewer steps.
  private var smaller: [[ModelStep]] {
    let fewer = steps.indices.map { index in
      var copy = steps
      copy.remove(at: index)
      return copy
    }
    let simpler = steps.indices.flatMap { index in
      steps[index].simplifications.map { step in
        var copy = steps
        copy[index] = step
        return copy
      }
    }
    return fewer + simpler
  }
}
