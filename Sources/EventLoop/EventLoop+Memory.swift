import CEventLoop

extension EventLoop {
  /// Lets the process keep memory that it frees.
  ///
  /// Bodies of some tens of kilobytes come and go thousands of times a second; to hand their memory
  /// back to the system each time costs more than to keep a few megabytes.
  package static func keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20)
    mallopt(M_TRIM_THRESHOLD, 64 << 20)
    mallopt(M_MXFAST, 0)
  }
}
