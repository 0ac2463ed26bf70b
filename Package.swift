// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  // Layers are modules; without this, each call between them is a call through generics.
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
  // Tests check exclusive access; a release would spend a twentieth of a batch's time on that.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A Swift target in `Sources/`, with the settings that all share.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A test target in `Tests/`, named after what it tests.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies,
    swiftSettings: settings)
}

let package = Package(
  name: "Kontext",
  targets: [
    // C libraries of the distribution; each is imported by exactly one Swift target.
    .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CMicroHTTPDLibrary", path: "Sources/CMicroHTTPD/library", pkgConfig: "libmicrohttpd",
      providers: [.apt(["libmicrohttpd-dev"])]),
    .target(
      name: "CMicroHTTPD", dependencies: ["CMicroHTTPDLibrary"], path: "Sources/CMicroHTTPD/shim"),
    .systemLibrary(
      name: "CCurlLibrary", path: "Sources/CCurl/library", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CCurl", dependencies: ["CCurlLibrary"], path: "Sources/CCurl/shim"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(
      name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
    .systemLibrary(
      name: "CJemalloc", pkgConfig: "jemalloc", providers: [.apt(["libjemalloc-dev"])]),
    .target(name: "CEventLoop"),

    // Pure: no sockets, no clock, no database.
    .target(
      name: "Schemas", path: "Schemas",
      resources: [
        .embedInCode("migrations"), .embedInCode("contexts"), .embedInCode("pages"),
      ], swiftSettings: settings),
    module("JSON"),
    module("JSONLD", ["JSON", "Schemas"]),
    module("NGSILD", ["JSON", "JSONLD"]),
    module("NGSILDQuery", ["NGSILD", "JSONLD", "JSON", "CPCRE2"]),
    module("Subscriptions", ["NGSILDQuery", "NGSILD", "JSONLD", "JSON"]),
    module("Registrations", ["Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON"]),
    module("Snapshots", ["Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON"]),

    module(
      "DistributedOperations",
      ["Registrations", "Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON"]),

    // Input and output.
    module("Log"),
    module("EventLoop", ["CEventLoop"]),
    module("Postgres", ["EventLoop", "CLibPQ"]),
    module("HTTPServer", ["EventLoop", "CMicroHTTPD", "CZlib"]),
    module("HTTPClient", ["EventLoop", "CCurl"]),
    module("MQTTClient", ["EventLoop", "CMosquitto"]),
    module(
      "Storage", ["EventLoop", "Postgres", "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "Schemas"]),

    // The broker.
    module(
      "Broker",
      [
        "Storage", "Postgres", "Snapshots", "DistributedOperations", "Registrations",
        "Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "HTTPClient", "MQTTClient",
        "EventLoop", "Log", "Schemas",
      ]),
    module(
      "HTTPAPI",
      [
        "Broker", "Storage", "Snapshots", "DistributedOperations", "Registrations", "Subscriptions",
        "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "HTTPServer", "Log", "Schemas",
      ]),
    .executableTarget(
      name: "kontext",
      dependencies: [
        "HTTPAPI", "Broker", "Storage", "Postgres", "HTTPServer", "HTTPClient", "EventLoop", "Log",
        "DistributedOperations", "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "Schemas", "Snapshots",
        "CJemalloc",
      ],
      swiftSettings: settings),

    .executableTarget(
      name: "Benchmarks", dependencies: ["HTTPServer", "EventLoop"], swiftSettings: settings),
    .executableTarget(
      name: "Demo", dependencies: ["HTTPServer", "HTTPClient", "EventLoop", "JSON"],
      swiftSettings: settings),

    .target(
      name: "TestSupport",
      dependencies: [
        "HTTPAPI", "Broker", "Storage", "HTTPServer", "HTTPClient", "Postgres", "EventLoop",
        "DistributedOperations", "JSONLD", "JSON", "Log",
      ],
      path: "Tests/TestSupport", swiftSettings: settings),
    tests(of: "JSON", ["TestSupport"]),
    tests(of: "JSONLD", ["JSON", "Schemas", "TestSupport"]),
    tests(of: "NGSILD", ["JSONLD", "JSON", "TestSupport"]),
    tests(of: "NGSILDQuery", ["NGSILD", "JSONLD", "JSON", "TestSupport"]),
    tests(
      of: "Broker",
      [
        "Storage", "Snapshots", "Subscriptions", "Registrations", "NGSILD", "JSONLD", "JSON",
        "Schemas", "Postgres", "HTTPClient", "HTTPServer", "MQTTClient", "EventLoop", "Log",
        "TestSupport",
      ]),
    tests(of: "Subscriptions", ["NGSILDQuery", "NGSILD", "JSONLD", "JSON", "TestSupport"]),
    tests(
      of: "Registrations",
      ["Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "TestSupport"]),
    tests(
      of: "DistributedOperations",
      ["Registrations", "Subscriptions", "NGSILDQuery", "NGSILD", "JSONLD", "JSON", "TestSupport"]),
    tests(of: "Postgres", ["TestSupport", "EventLoop"]),
    tests(of: "Storage", ["TestSupport", "Broker", "NGSILDQuery", "NGSILD", "JSONLD", "JSON"]),
    tests(of: "EventLoop"),
    tests(of: "HTTPServer", ["EventLoop", "CZlib"]),
    tests(of: "HTTPClient", ["HTTPServer", "EventLoop"]),
    tests(of: "MQTTClient", ["EventLoop", "TestSupport"]),
    tests(
      of: "kontext", ["TestSupport", "HTTPServer", "Postgres", "EventLoop", "JSONLD", "JSON"]),
    tests(
      of: "HTTPAPI",
      ["DistributedOperations", "NGSILD", "TestSupport", "HTTPServer", "Postgres", "JSON"]),
  ],
  swiftLanguageModes: [.v6]
)
