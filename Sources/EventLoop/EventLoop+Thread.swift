import Glibc

extension EventLoop {
  /// A thread that runs this loop; `join` waits for its end after `stop`.
  package struct Thread: @unchecked Sendable {
    fileprivate let handle: pthread_t

    package func join() { pthread_join(handle, nil) }
  }

  /// Runs the loop on a thread of its own.
  package func start() -> Thread {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &handle, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    precondition(status == 0, "No thread left for an event loop")
    return Thread(handle: handle)
  }
}
