import CEventLoop
import Glibc

extension EventLoop {
  /// Calls `action` on the loop's thread when one of `signals` arrives.
  ///
  /// Call it before other threads start: they inherit that the signals are blocked, so that only
  /// the loop hears of them.
  package func onSignals(_ signals: [Int32], _ action: @escaping (Int32) -> Void) {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in signals { sigaddset(&set, signal) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let descriptor = signalfd(-1, &set, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))
    precondition(descriptor >= 0, "No file descriptor left for signals")
    watch(descriptor, for: .read, handler: SignalHandler(descriptor, action))
  }
}

private final class SignalHandler: FileDescriptorHandler {
  private let descriptor: Int32
  private let action: (Int32) -> Void

  init(_ descriptor: Int32, _ action: @escaping (Int32) -> Void) {
    self.descriptor = descriptor
    self.action = action
  }

  func ready(_ events: ReadyEvents) {
    var info = signalfd_siginfo()
    while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
      action(Int32(info.ssi_signo))
    }
  }
}
