import Synchronization

/// What clients sent, and what was acknowledged.
final class Ledger: Sendable {
  struct Account: Sendable {
    var sent: [Int] = []
    var acknowledged: [Int] = []
  }

  private struct State {
    var accounts: [String: Account] = [:]
    var isOver = false
  }

  private let state = Mutex(State())

  /// The number of the next update of an Entity; nil once clients are to end.
  func next(of entity: String) -> Int? {
    state.withLock { state in
      guard !state.isOver else { return nil }
      let number = state.accounts[entity, default: Account()].sent.count + 1
      state.accounts[entity, default: Account()].sent.append(number)
      return number
    }
  }

  func acknowledge(_ number: Int, of entity: String) {
    state.withLock { $0.accounts[entity, default: Account()].acknowledged.append(number) }
  }

  func end() { state.withLock { $0.isOver = true } }

  var accounts: [String: Account] { state.withLock(\.accounts) }

  var acknowledgedCount: Int { accounts.values.reduce(0) { $0 + $1.acknowledged.count } }
  var sentCount: Int { accounts.values.reduce(0) { $0 + $1.sent.count } }
}
