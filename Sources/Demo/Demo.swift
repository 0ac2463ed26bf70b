import EventLoop
import Glibc
import HTTPClient
import HTTPServer
import JSON

/// A simulated city that pushes updates, subscribes, and asks.
///
/// `@unchecked Sendable`: used on its loop only.
@main
final class Demo: @unchecked Sendable {
  private let options: Options
  private let loop: EventLoop
  private let broker: Broker
  private let subscriber = Subscriber()
  private var server: HTTPServer?
  private var city = City()

  private var isStopping = false
  private var updates = 0
  private var failures = 0
  private var lastFailure = ""

  private init(_ options: Options, on loop: EventLoop) {
    self.options = options
    self.loop = loop
    var configuration = HTTPClientConfiguration()
    configuration.addressPolicy = (try? AddressPolicy(parsing: "all")) ?? .publicOnly
    broker = Broker(
      client: HTTPClient(loop: loop, configuration: configuration), options: options)
  }

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--help") || arguments.contains("-h") { return say(Options.help) }
    do throws(OptionError) {
      let loop = EventLoop()
      let demo = Demo(try Options(arguments), on: loop)
      loop.onSignals([SIGINT, SIGTERM]) { _ in demo.isStopping = true }
      Task(executorPreference: loop) { exit(await demo.run()) }
      loop.run()
    } catch {
      say("demo: \(error.sentence)")
      exit(2)
    }
  }

  /// The exit status.
  private func run() async -> Int32 {
    say("A simulated city at \(options.broker): no value in it was ever measured.")
    do throws(Broker.Failure) {
      try await build()
    } catch {
      say("demo: \(error.sentence)")
      return 1
    }
    await subscribe()
    await live()
    if options.isCleaning { await clean() }
    await server?.shutDown()
    return failures == 0 ? 0 : 1
  }

  // MARK: Beginning

  private func build() async throws(Broker.Failure) {
    let now = instant()
    let entities = (city.standing + city.moving).map { entity($0, $0.constants, $0.state(at: now)) }
    try await broker.send(
      "POST", "entityOperations/upsert", "[\(entities.joined(separator: ","))]")
    say(
      "  built      \(City.parkings) car parks, \(City.stations) air-quality stations, "
        + "\(City.lights) street lights, \(City.buses) buses")
  }

  private func subscribe() async {
    do {
      var configuration = HTTPServerConfiguration()
      configuration.address = options.listen
      let server = try HTTPServer(loop: loop, configuration: configuration, responder: subscriber)
      self.server = server
      let endpoint = "http://\(options.listen):\(server.port)/"
      // Left behind, they end by themselves soon after the demo.
      let expiry = instant(in: options.time + 60)
      for interest in Interest.all {
        _ = try? await broker.send("DELETE", "subscriptions/\(interest.id)")
        try await broker.send(
          "POST", "subscriptions", interest.subscription(endpoint: endpoint, until: expiry))
        say("  subscribed \(interest.type) where \(interest.condition)")
      }
    } catch let error as Broker.Failure {
      say("  no notifications: \(error.sentence)")
    } catch {
      say("  no notifications: \(error)")
    }
  }

  // MARK: Living

  /// Sends updates at the chosen rate, tells of progress every second and asks every five.
  private func live() async {
    let tick = 0.2
    let begun = ContinuousClock.now
    var ticks = 0.0
    while !isStopping && ticks * tick < options.time {
      let due = Int((ticks + 1) * tick * options.rate) - Int(ticks * tick * options.rate)
      await push(due, after: tick)
      ticks += 1
      if Int(ticks) % 5 == 0 { tellProgress(after: Int(ticks) / 5) }
      if Int(ticks) % 25 == 0 { await ask() }
      try? await Task.sleep(until: begun + .seconds(ticks * tick), clock: .continuous)
    }
    say(
      "Done: \(updates) updates, \(failures) failed, \(subscriber.notifications) notifications.")
    if failures > 0 { say("The last failure was: \(lastFailure)") }
  }

  /// All buses move in one batch; each update of what stands is a request of its own.
  private func push(_ due: Int, after tick: Double) async {
    city.move(by: tick)
    let now = instant()
    let buses = city.moving.prefix(due)
    let batch = buses.map { entity($0, $0.state(at: now)) }.joined(separator: ",")
    // Until its turn comes again, time passes for each of them.
    let pause = Double(city.standing.count) / max(1, options.rate - Double(buses.count) / tick)
    let others = (0..<max(0, due - buses.count)).map { _ in city.nextStanding(after: pause) }
    await withTaskGroup { group in
      if !buses.isEmpty {
        group.addTask(executorPreference: loop) {
          await self.update(
            buses.count, "POST", "entityOperations/upsert?options=update", "[\(batch)]")
        }
      }
      for other in others {
        let (path, body) = ("entities/\(other.id)/attrs", "{\(other.state(at: now))}")
        group.addTask(executorPreference: loop) { await self.update(1, "PATCH", path, body) }
      }
    }
  }

  private func update(_ count: Int, _ method: String, _ path: String, _ body: String) async {
    do throws(Broker.Failure) {
      try await broker.send(method, path, body)
      updates += count
    } catch {
      failures += count
      lastFailure = error.sentence
    }
  }

  private func tellProgress(after seconds: Int) {
    say(
      "\(seconds) s: \(updates) updates, \(failures) failed, \(subscriber.notifications) notifications"
    )
  }

  // MARK: Asking

  private func ask() async {
    await ask(
      "car parks with more than 100 free spaces",
      "entities?type=\(Parking.type)&q=availableSpotNumber%3E100")
    await ask(
      "buses within 1000 m of the centre",
      "entities?type=\(Bus.type)&georel=near;maxDistance==1000&geometry=Point&coordinates=%5B0,0%5D"
    )
    await ask(
      "stations with PM10 over 50 and NO2 over 40",
      "entities?type=\(Station.type)&q=pm10%3E50;no2%3E40")
    await askHistory()
  }

  private func ask(_ question: String, _ query: String) async {
    do throws(Broker.Failure) {
      let answer = try await broker.send("GET", "\(query)&format=simplified&limit=100")
      let names = answer?.elements.compactMap { $0["name"]?.string } ?? []
      say("  asked      \(question): \(names.isEmpty ? "none" : names.joined(separator: ", "))")
    } catch {
      say("  asked      \(error.sentence)")
    }
  }

  private func askHistory() async {
    do throws(Broker.Failure) {
      let bus = city.moving[0].id
      let answer = try await broker.send(
        "GET", "temporal/entities/\(bus)?attrs=speed&lastN=5&format=temporalValues")
      let values = answer?["speed"]?["values"]?.elements.compactMap { pair in
        pair.elements.first { _ in true }?.rawText
      }
      say("  asked      last speeds of Bus 1: \(values?.joined(separator: ", ") ?? "none") km/h")
    } catch {
      say("  asked      \(error.sentence)")
    }
  }

  // MARK: Ending

  private func clean() async {
    for interest in Interest.all {
      _ = try? await broker.send("DELETE", "subscriptions/\(interest.id)")
    }
    for reporter in city.standing + city.moving {
      _ = try? await broker.send("DELETE", "entities/\(reporter.id)")
    }
    say("Deleted the city's Entities and Subscriptions; their history stays.")
  }

  /// The time in some seconds, as `2026-01-31T12:00:00Z`.
  private func instant(in seconds: Double = 0) -> String {
    var time = Glibc.time(nil) + Int(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// Prints a line at once, wherever the output goes.
func say(_ text: String) {
  let line = Array("\(text)\n".utf8)
  _ = write(STDOUT_FILENO, line, line.count)
}
