import DistributedOperations
import JSON
import JSONLD
import NGSILD
import Registrations
import Testing

@Suite("A write is shared among sources (4.3.6)")
struct WritePlanTests {
  private static let vehicle = #""type": "Vehicle", "id": "urn:v:1""#

  @Test(
    "each source gets what it has registered, and what nobody claims stays here",
    arguments: [
      WriteCase("nobody", [], local: .all),
      WriteCase(
        "an exclusive source takes its Attribute", [("x", "exclusive", ["speed"])],
        forwards: [.init("x", ["speed"])], local: .these(["name"])),
      WriteCase(
        "a redirect source of all takes all", [("r", "redirect", [])],
        forwards: [.init("r", nil)], local: nil),
      WriteCase(
        "exclusive goes before redirect",
        [("r", "redirect", ["speed", "name"]), ("x", "exclusive", ["speed"])],
        forwards: [.init("x", ["speed"]), .init("r", ["name"])], local: nil),
      WriteCase(
        "several redirect sources get the same",
        [("r1", "redirect", ["speed"]), ("r2", "redirect", ["speed"])],
        forwards: [.init("r1", ["speed"]), .init("r2", ["speed"])], local: .these(["name"])),
      WriteCase(
        "an inclusive source gets a copy of what remains",
        [("i", "inclusive", []), ("x", "exclusive", ["speed"])],
        forwards: [.init("x", ["speed"]), .init("i", nil)], local: .these(["name"])),
      WriteCase(
        "an auxiliary source gets nothing", [("a", "auxiliary", [])], local: .all),
      WriteCase(
        "what is not registered is not sent", [("i", "inclusive", ["other"])], local: .all),
      WriteCase(
        "a claim without support is a conflict", [("x", "exclusive", ["speed"])],
        supported: false, conflicts: [.init("x", ["speed"])], local: .these(["name"])),
      WriteCase(
        "an inclusive source without support is passed over", [("i", "inclusive", [])],
        supported: false, local: .all),
    ])
  func shares(_ example: WriteCase) throws {
    let plan = WritePlan(
      writing: Set(["speed", "name"].map(Context.core.expand)),
      to: try example.registrations.map { id, mode, attributes in
        try registration(id, mode: mode, entities: [Self.vehicle], attributes: attributes)
      },
      supports: { _ in example.isSupported })
    #expect(plan.forwards == example.forwards)
    #expect(plan.conflicts == example.conflicts)
    #expect(plan.local == example.local)
  }

  @Test("a deletion of the Entity goes to everyone and happens here too")
  func deletion() throws {
    let plan = WritePlan(
      writing: nil,
      to: [
        try registration(
          "x", mode: "exclusive", entities: [Self.vehicle], attributes: ["speed"]),
        try registration("i"),
      ], supports: { _ in true })
    #expect(plan.forwards.map(\.source) == ["urn:r:x", "urn:r:i"])
    #expect(plan.local == .all)
  }
}

struct WriteCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let registrations: [(String, String, [String])]
  let isSupported: Bool
  let forwards: [WritePlan.Part]
  let conflicts: [WritePlan.Part]
  let local: WritePlan.Share?

  init(
    _ title: String, _ registrations: [(String, String, [String])], supported: Bool = true,
    forwards: [WritePlan.Part] = [], conflicts: [WritePlan.Part] = [], local: WritePlan.Share?
  ) {
    testDescription = title
    self.registrations = registrations
    isSupported = supported
    self.forwards = forwards
    self.conflicts = conflicts
    self.local = local
  }
}

extension WritePlan.Part {
  init(_ source: String, _ attributes: Set<String>?) {
    self.init(source: "urn:r:\(source)", share: attributes.map(WritePlan.Share.these) ?? .all)
  }
}

extension WritePlan.Share {
  static func these(_ attributes: Set<String>) -> WritePlan.Share {
    .attributes(Set(attributes.map(Context.core.expand)))
  }
}
