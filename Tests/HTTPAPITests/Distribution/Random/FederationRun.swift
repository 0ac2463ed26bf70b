import JSON
import TestSupport

/// One world: its sources, and beside them one broker that holds all that they should add up to.
enum FederationRun {
  struct Failure {
    let world: FederationWorld
    let problem: String
  }

  /// The first question that is answered differently; nil if there is none, or no such world.
  static func failure(of world: FederationWorld) async throws -> Failure? {
    try await withTestTenants(FederationWorld.sources.count + 2) { tenants in
      // A tenant exists with its first Entity.
      for tenant in tenants { try await tenant.create(entity("urn:x:mark", "Mark")) }
      return try await run(world, tenants[0], Array(tenants[2...]), tenants[1])
    }
  }

  private static func run(
    _ world: FederationWorld, _ hub: TestClient, _ sources: [TestClient], _ reference: TestClient
  ) async throws -> Failure? {
    var world = world
    guard world.hasValues else { return nil }
    // First, so that the hub may also get what others have claimed.
    world.registrations = try await register(world.registrations, at: hub, sources)
    for version in world.versions {
      let holder = version.holder == 0 ? hub : sources[version.holder - 1]
      let created = try await holder.send(
        "POST", "entities?local=true", version.entity.description)
      guard created.status == 201 else { return nil }
    }
    for entity in world.mergedEntities { try await reference.create(entity.description) }
    for question in world.questions {
      let answer = try await FederatedAnswer(question, at: hub)
      let expected = try await FederatedAnswer(question, at: reference)
      guard answer != expected else { continue }
      world.questions = [question]
      return Failure(
        world: world, problem: "The answer is\n\(answer)\nand not\n\(expected)")
    }
    return nil
  }

  /// Those that are taken: what an exclusive one has, no other may claim.
  private static func register(
    _ registrations: [FederationWorld.Registration], at hub: TestClient, _ sources: [TestClient]
  ) async throws -> [FederationWorld.Registration] {
    var taken: [FederationWorld.Registration] = []
    for registration in registrations {
      var body = registration.body.object ?? [:]
      body["endpoint"] = .string("http://127.0.0.1:\(hub.broker.port)")
      body["tenant"] = sources[registration.source - 1].tenant.map { .string($0) }
      body["management"] = ["timeout": 600_000]
      let response = try await hub.send(
        "POST", "csourceRegistrations", PlainJSON.object(body).description)
      if response.status == 201 { taken.append(registration) }
    }
    return taken
  }
}

/// What a question is answered with, put in order.
struct FederatedAnswer: Equatable {
  private var status: Int
  /// The same on all pages.
  private var counts: Set<String?> = []
  private var entities: [PlainJSON] = []
  private var warnings: [String] = []

  /// Asks for all pages: of those of a broker there are as many as it has Entities at most.
  init(_ question: String, at client: TestClient) async throws {
    let limit = question.firstMatch(of: /limit=(\d+)/).flatMap { Int($0.output.1) }
    let first = try await client.send("GET", question)
    status = first.status
    add(first)
    if let limit, status == 200 {
      for offset in stride(from: limit, to: FederationWorld.entitiesMax, by: limit) {
        add(try await client.send("GET", "\(question)&offset=\(offset)"))
      }
    }
    entities.sort { "\($0)" < "\($1)" }
  }

  private mutating func add(_ response: TestResponse) {
    warnings += response.all("NGSILD-Warning")
    guard response.status == 200 else { return }
    counts.insert(response["NGSILD-Results-Count"])
    entities += PlainJSON(response.json).elements.map(\.inOrder)
  }
}

extension FederatedAnswer: CustomStringConvertible {
  var description: String {
    let entities = entities.map { "  \($0)" }.joined(separator: "\n")
    return "  \(status), counts \(counts), \(warnings)\n\(entities)"
  }
}

extension PlainJSON {
  /// With what has no order in that of its text: instances of Attributes, and scopes.
  fileprivate var inOrder: PlainJSON {
    guard let object else { return self }
    return .object(
      object.mapValues { value in
        guard let array = value.array else { return value }
        return .array(array.sorted { "\($0)" < "\($1)" })
      })
  }
}

extension FederationRun.Failure {
  /// Bounds how long a failure is made smaller.
  private static let runsMax = 300

  /// The same kind of failure in a smaller world.
  func shrunk() async throws -> FederationRun.Failure {
    var smallest = self
    var runs = 0
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for candidate in smallest.world.simplifications where runs < Self.runsMax {
        runs += 1
        if let failure = try await FederationRun.failure(of: candidate) {
          smallest = failure
          isSmaller = true
          break
        }
      }
    }
    return smallest
  }
}
