package import Glibc

/// A program run as a child, with the environment of the test and no standard input.
///
/// Not Foundation's: that waits for the descendants too, and a database server is one.
package struct ChildProcess: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let pid: pid_t

  /// - Parameters:
  ///   - arguments: the first is the program, looked up in the PATH.
  ///   - error: where standard error goes; nil drops it.
  ///   - descriptors: further ones, with the numbers that the child knows them by.
  package init(
    _ arguments: [String], error: Int32? = nil, descriptors: [(own: Int32, named: Int32)] = []
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    if let error {
      posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    }
    for (own, name) in descriptors {
      posix_spawn_file_actions_adddup2(&actions, own, name)
    }
    let texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for text in texts { free(text) } }
    var pid: pid_t = 0
    let status = posix_spawnp(&pid, arguments[0], &actions, nil, texts, environ)
    guard status == 0 else {
      throw Failure(
        description: "\(arguments[0]) does not start: \(String(cString: strerror(status)))")
    }
    self.pid = pid
  }

  /// Blocks until it has ended; returns its status, 0 for success.
  @discardableResult
  package func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  /// Runs a program to its end.
  package static func run(_ arguments: [String]) throws {
    let status = try ChildProcess(arguments).wait()
    guard status == 0 else {
      throw Failure(description: "'\(arguments.joined(separator: " "))' ends with \(status)")
    }
  }
}
