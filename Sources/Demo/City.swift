import Glibc

/// Something in the city that reports its state as an NGSI-LD Entity.
protocol Reporter: Sendable {
  /// A type of the Smart Data Models.
  static var type: String { get }

  var id: String { get }
  /// Attributes that do not change, as members of a JSON object.
  var constants: String { get }

  /// Lives on for some seconds.
  mutating func advance(by seconds: Double)
  /// Attributes that change, observed at an instant of the form `2026-01-31T12:00:00Z`.
  func state(at instant: String) -> String
}

/// The simulated city: it lies at 0° North 0° East, where there is nothing but sea.
struct City {
  static let parkings = 8
  static let stations = 12
  static let lights = 40
  static let buses = 10

  private(set) var standing: [any Reporter] = []
  private(set) var moving: [any Reporter] = []

  init() {
    standing += (1...Self.parkings).map { Parking(number: $0) as any Reporter }
    standing += (1...Self.stations).map { Station(number: $0) as any Reporter }
    standing += (1...Self.lights).map { StreetLight(number: $0) as any Reporter }
    standing.shuffle()
    moving = (1...Self.buses).map { Bus(number: $0) }
  }

  /// The next thing, in turn, that reports after some seconds.
  mutating func nextStanding(after seconds: Double) -> any Reporter {
    var reporter = standing.removeFirst()
    reporter.advance(by: seconds)
    standing.append(reporter)
    return reporter
  }

  mutating func move(by seconds: Double) {
    for index in moving.indices { moving[index].advance(by: seconds) }
  }
}

// MARK: What is in the city

struct Parking: Reporter {
  static let type = "OffStreetParking"
  let number: Int
  let total: Int
  private var free: Double

  init(number: Int) {
    self.number = number
    total = number * 40
    free = Double(total) / 2
  }

  var id: String { entityID(Self.type, number) }

  var constants: String {
    members(
      property("name", quoted("Car park \(number)")), property("totalSpotNumber", "\(total)"),
      property("category", #"["public","feeCharged"]"#), place(of: number, radius: 900),
      simulated)
  }

  mutating func advance(by seconds: Double) {
    let swing = Double(total) / 20 * seconds.squareRoot()
    free = min(Double(total), max(0, free + .random(in: -swing...swing)))
  }

  func state(at instant: String) -> String {
    property("availableSpotNumber", "\(Int(free))", at: instant)
  }
}

struct Station: Reporter {
  static let type = "AirQualityObserved"
  let number: Int
  private var pm10 = Double.random(in: 15...40)
  private var no2 = Double.random(in: 20...50)

  init(number: Int) { self.number = number }

  var id: String { entityID(Self.type, number) }

  var constants: String {
    members(
      property("name", quoted("Station \(number)")), place(of: number, radius: 1500), simulated)
  }

  mutating func advance(by seconds: Double) {
    let swing = 6 * seconds.squareRoot()
    pm10 = min(90, max(5, pm10 + .random(in: -swing...swing)))
    no2 = min(150, max(5, no2 + .random(in: -swing...swing)))
  }

  func state(at instant: String) -> String {
    members(
      property("pm10", tenths(pm10), unit: "GQ", at: instant),
      property("no2", tenths(no2), unit: "GQ", at: instant))
  }
}

struct StreetLight: Reporter {
  static let type = "Streetlight"
  let number: Int
  private var isDefective = false
  private var level = Double.random(in: 0.4...1)

  init(number: Int) { self.number = number }

  var id: String { entityID(Self.type, number) }

  var constants: String {
    members(
      property("name", quoted("Street light \(number)")), place(of: number, radius: 600), simulated)
  }

  mutating func advance(by seconds: Double) {
    // A lamp lasts for some ten minutes here, and is mended within half a minute.
    if .random(in: 0..<(isDefective ? 30 : 600)) < seconds { isDefective.toggle() }
    level = min(1, max(0.2, level + .random(in: -0.05...0.05)))
  }

  func state(at instant: String) -> String {
    members(
      property("status", quoted(isDefective ? "defectiveLamp" : "ok"), at: instant),
      property("powerState", quoted(isDefective ? "off" : "on"), at: instant),
      property("illuminanceLevel", isDefective ? "0" : tenths(level), at: instant))
  }
}

/// A bus on a round line that comes near the centre once a round.
struct Bus: Reporter {
  static let type = "Vehicle"
  let number: Int
  /// Metres.
  private let radius: Double
  /// Metres per second.
  private var speed = 8.0
  /// Radians.
  private var angle = Double.random(in: 0..<(2 * .pi))

  init(number: Int) {
    self.number = number
    radius = Double(300 + 200 * number)
  }

  var id: String { entityID(Self.type, number) }

  var constants: String {
    members(
      property("name", quoted("Bus \(number)")), property("vehicleType", quoted("bus")),
      property("category", #"["public"]"#), simulated)
  }

  mutating func advance(by seconds: Double) {
    speed = min(14, max(3, speed + .random(in: -0.3...0.3)))
    angle += speed * seconds / radius
  }

  func state(at instant: String) -> String {
    members(
      property("speed", tenths(speed * 3.6), unit: "KMH", at: instant),
      location(angle: angle, radius: radius, eastward: 0.8 * radius, at: instant))
  }
}

// MARK: NGSI-LD

/// An Entity as the API takes it.
func entity(_ reporter: any Reporter, _ attributes: String...) -> String {
  #"{"id":"\#(reporter.id)","type":"\#(type(of: reporter).type)",\#(attributes.joined(separator: ","))}"#
}

private let simulated = property("source", quoted("simulated by the demo of Kontext"))

private func entityID(_ type: String, _ number: Int) -> String {
  "urn:ngsi-ld:\(type):demo:\(number)"
}

private func members(_ members: String...) -> String { members.joined(separator: ",") }

private func quoted(_ text: String) -> String { "\"\(text)\"" }

private func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

private func property(
  _ name: String, _ value: String, unit: String? = nil, at instant: String? = nil
) -> String {
  let unit = unit.map { #","unitCode":"\#($0)""# } ?? ""
  let time = instant.map { #","observedAt":"\#($0)""# } ?? ""
  return #""\#(name)":{"type":"Property","value":\#(value)\#(unit)\#(time)}"#
}

/// The golden angle spreads what stands around the centre.
private func place(of number: Int, radius: Double) -> String {
  location(angle: Double(number) * 2.4, radius: radius)
}

/// A point on a circle around the centre, or around a place that lies some metres east of it.
private func location(
  angle: Double, radius: Double, eastward: Double = 0, at instant: String? = nil
) -> String {
  let metresPerDegree = 111_320.0
  let degrees = [eastward + cos(angle) * radius, sin(angle) * radius].map { metres in
    "\((metres / metresPerDegree * 1e5).rounded() / 1e5)"
  }
  let time = instant.map { #","observedAt":"\#($0)""# } ?? ""
  let point = #"{"type":"Point","coordinates":[\#(degrees[0]),\#(degrees[1])]}"#
  return #""location":{"type":"GeoProperty","value":\#(point)\#(time)}"#
}
