import Glibc
import TestSupport

/// A PostgreSQL server of the test's own, which it may stop and crash.
///
/// PostgreSQL refuses to run as root, so root runs it as an unprivileged user.
struct PrivateCluster: Sendable {
  enum Shutdown: String, Sendable, CaseIterable { case fast, immediate }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  let directory: String
  private let programs: String
  /// What a command is run by.
  private let prefix: [String]

  var url: String { "postgresql:///kontext?host=\(directory)&user=kontext" }

  /// Creates and starts it, with PostGIS and an empty database.
  init() throws {
    programs = try Self.programs()
    var template = Array("/tmp/kontext-crash.XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else { throw Failure(description: "No directory") }
    directory = String(cString: path)
    if getuid() == 0 {
      let user = getpwnam("postgres") ?? getpwnam("nobody")
      guard let user else { throw Failure(description: "There is no unprivileged user") }
      let (uid, gid) = (user.pointee.pw_uid, user.pointee.pw_gid)
      chown(directory, uid, gid)
      prefix = ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--clear-groups", "--"]
    } else {
      prefix = []
    }
    chmod(directory, 0o755)
    try run(
      "initdb", "-D", "\(directory)/data", "-U", "kontext", "-A", "trust", "-E", "UTF8",
      "--locale=C.UTF-8", "--no-instructions")
    try start()
    try psql("postgres", "CREATE DATABASE kontext")
    try psql("kontext", "CREATE EXTENSION postgis")
  }

  func start() throws {
    try run(
      "pg_ctl", "-s", "-w", "-D", "\(directory)/data", "-l", "\(directory)/log", "-o",
      "-c listen_addresses='' -c unix_socket_directories='\(directory)' -c jit=off", "start")
  }

  /// `immediate` is a crash: the next start recovers.
  func stop(_ mode: Shutdown) throws {
    try run("pg_ctl", "-s", "-w", "-D", "\(directory)/data", "-m", mode.rawValue, "stop")
  }

  func remove() throws {
    try stop(.immediate)
    try ChildProcess.run(["rm", "-rf", directory])
  }

  private func psql(_ database: String, _ statement: String) throws {
    try run("psql", "-h", directory, "-U", "kontext", "-d", database, "-Atqc", statement)
  }

  private func run(_ program: String, _ arguments: String...) throws {
    // From a place that the user can read.
    try ChildProcess.run(["env", "-C", "/"] + prefix + ["\(programs)/\(program)"] + arguments)
  }

  /// The newest installed server's.
  private static func programs() throws -> String {
    for version in stride(from: 30, through: 15, by: -1) {
      let path = "/usr/lib/postgresql/\(version)/bin"
      if access("\(path)/initdb", X_OK) == 0 { return path }
    }
    throw Failure(description: "There is no PostgreSQL below /usr/lib/postgresql")
  }
}
