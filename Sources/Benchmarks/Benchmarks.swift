import Glibc

/// What `Scripts/bench` needs beside the broker.
@main
enum Benchmarks {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let numbers = arguments.dropFirst().prefix(2).compactMap { Int($0) }
    switch (arguments.first, arguments.count, numbers.count) {
    case ("sink", 2, 1): try Sink.run(port: UInt16(numbers[0]))
    case ("mute", 2, 1): MuteServer.run(port: UInt16(numbers[0]))
    case ("sources", 3, 2): try FixedSources.run(port: UInt16(numbers[0]), count: numbers[1])
    case ("streams", 4, 2):
      Streams.run(port: UInt16(numbers[0]), count: numbers[1], path: arguments.last ?? "")
    default:
      print(
        """
        Benchmarks sink PORT
          takes notifications, but for those to /failing; tells at GET /count their number, and at
          GET /latency, in microseconds, the median and the 99th percentile of the time from the
          instant that they name to their arrival
        Benchmarks mute PORT
          accepts connections and never answers
        Benchmarks sources PORT COUNT
          Context Sources on so many ports, each of which has ten Entities
        Benchmarks streams PORT COUNT PATH
          opens so many event streams and says so; then tells how long each event takes to reach all
        """)
      exit(2)
    }
  }
}
