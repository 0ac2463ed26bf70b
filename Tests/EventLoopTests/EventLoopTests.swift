import EventLoop
import Glibc
import Synchronization
import Testing

/// Runs a loop on a thread of its own while `body` runs.
private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
  let loop = EventLoop()
  let thread = loop.start()
  defer {
    loop.stop()
    thread.join()
  }
  try await body(loop)
}

/// `@unchecked Sendable`: touched on one loop only.
private final class Log: @unchecked Sendable {
  var entries: [String] = []
}

/// `@unchecked Sendable`: touched on one loop only.
private final class PipeReader: FileDescriptorHandler, @unchecked Sendable {
  let descriptor: Int32
  var continuation: CheckedContinuation<String, Never>?

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  func ready(_ events: ReadyEvents) {
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = read(descriptor, &bytes, bytes.count)
    continuation?.resume(returning: String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
    continuation = nil
  }
}

@Suite("Event loop")
struct EventLoopTests {
  @Test("tasks that prefer the loop run on its thread, also after suspension")
  func tasks() async throws {
    try await withLoop { loop in
      await Task(executorPreference: loop) {
        #expect(loop.isOnLoop)
        try? await Task.sleep(for: .milliseconds(1))
        #expect(loop.isOnLoop)
        await Task(executorPreference: globalConcurrentExecutor) {}.value
        #expect(loop.isOnLoop)
      }.value
      #expect(!loop.isOnLoop)
    }
  }

  @Test("jobs from many threads all run")
  func manyThreads() async throws {
    try await withLoop { loop in
      let log = Log()
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<2000 {
          group.addTask {
            await Task(executorPreference: loop) { log.entries.append("\(number)") }.value
          }
        }
      }
      #expect(Set(log.entries).count == 2000)
    }
  }

  @Test("timers fire in the order in which they are due, cancelled ones do not")
  func timers() async throws {
    try await withLoop { loop in
      let log = Log()
      await Task(executorPreference: loop) {
        await withCheckedContinuation { done in
          loop.after(.milliseconds(3)) {
            log.entries.append("third")
            done.resume()
          }
          let cancelled = loop.after(.milliseconds(2)) { log.entries.append("cancelled") }
          loop.after(.milliseconds(1)) { log.entries.append("second") }
          loop.after(.zero) { log.entries.append("first") }
          loop.cancel(cancelled)
        }
      }.value
      #expect(log.entries == ["first", "second", "third"])
    }
  }

  @Test("a timer may make and cancel timers")
  func nestedTimers() async throws {
    try await withLoop { loop in
      await Task(executorPreference: loop) {
        await withCheckedContinuation { done in
          let other = loop.after(.seconds(3600)) {}
          loop.after(.zero) {
            loop.cancel(other)
            loop.after(.zero) { done.resume() }
          }
        }
      }.value
    }
  }

  @Test("a watched descriptor reports what arrives")
  func descriptors() async throws {
    try await withLoop { loop in
      var ends: [Int32] = [0, 0]
      #expect(pipe(&ends) == 0)
      let (readEnd, writeEnd) = (ends[0], ends[1])
      for text in ["one", "two"] {
        let received = await Task(executorPreference: loop) {
          let reader = PipeReader(readEnd)
          return await withCheckedContinuation { continuation in
            reader.continuation = continuation
            loop.watch(readEnd, for: .read, handler: reader)
            text.withCString { _ = write(writeEnd, $0, strlen($0)) }
          }
        }.value
        #expect(received == text)
      }
      await Task(executorPreference: loop) { loop.unwatch(readEnd) }.value
      close(readEnd)
      close(writeEnd)
    }
  }

  @Test("input hooks run before flush hooks, whatever order they came in")
  func hooks() async throws {
    try await withLoop { loop in
      let log = Log()
      await Task(executorPreference: loop) {
        await withCheckedContinuation { done in
          var tokens: [Int] = []
          tokens.append(
            loop.beforeSleep(.flush) {
              log.entries.append("flush")
              tokens.forEach(loop.removeHook)
              done.resume()
              return nil
            })
          tokens.append(
            loop.beforeSleep(.input) {
              log.entries.append("input")
              return nil
            })
        }
      }.value
      #expect(log.entries == ["input", "flush"])
    }
  }

  @Test("the loop wakes no later than a hook asks")
  func hookTimeout() async throws {
    try await withLoop { loop in
      await Task(executorPreference: loop) {
        await withCheckedContinuation { done in
          var calls = 0
          var token = 0
          token = loop.beforeSleep(.input) {
            calls += 1
            guard calls == 3 else { return .milliseconds(1) }
            loop.removeHook(token)
            done.resume()
            return nil
          }
        }
      }.value
    }
  }

  @Test("a loop that is stopped ends, and gives back its file descriptors")
  func stopping() {
    for _ in 0..<200 {
      let loop = EventLoop()
      let thread = loop.start()
      loop.stop()
      thread.join()
    }
  }
}
