import Synchronization

/// Bounds what all operations under way hold of the answers of Context Sources, for all loops of a
/// process.
package final class AnswerMemory: Sendable {
  private let held = Mutex(0)
  private let bytesMax: Int

  package init(bytesMax: Int = 512 << 20) { self.bytesMax = bytesMax }

  fileprivate func take(_ bytes: Int) -> Bool {
    held.withLock { held in
      guard held + bytes <= bytesMax else { return false }
      held += bytes
      return true
    }
  }

  fileprivate func giveBack(_ bytes: Int) { held.withLock { $0 -= bytes } }
}

/// What one operation holds of answers; it ends with the operation.
package final class HeldAnswers: Sendable {
  private let memory: AnswerMemory
  private let held = Mutex(0)

  package init(in memory: AnswerMemory) { self.memory = memory }

  deinit { memory.giveBack(held.withLock { $0 }) }

  /// Whether there is room for an answer.
  package func take(_ bytes: Int) -> Bool {
    guard memory.take(bytes) else { return false }
    held.withLock { $0 += bytes }
    return true
  }
}
